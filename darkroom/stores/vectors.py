"""The embedded search index: one LanceDB table, implementing `darkroom.sdk.stores.VectorStore`.

Belongs here: opening, writing, searching, upkeep. Does not belong here: columns (`vector_columns`), predicates
(`vector_filters`), how texts become words (`darkroom.domain.words`).

Writers of one machine take turns by a lock file, which the kernel releases when a writer dies; readers never wait, and
see every commit at once. LanceDB commits are atomic: a writer that is killed leaves the last commit.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from darkroom.domain.filters import Filter
from darkroom.sdk.stores import NO_PARTS, Entry, Hit, IndexUnavailable, Parts, PropertyValue
from darkroom.stores.vector_columns import DOCUMENT, changed_rows, checked, hits, rows, schema, vector_column
from darkroom.stores.vector_filters import named, predicate
from darkroom.stores.vector_spaces import LARGE, index_spaces

_TABLE = "photos"
_ALIASES = "aliases"
_ALIAS_COLUMNS = pa.schema([pa.field("alias", pa.string(), nullable=False), pa.field("space", pa.string())])
_CHUNK = 1000
_SEEN = 512
"""Vectors a graph is walked past at least: at 256 it finds .98 of the nearest 50, at 512 .99, for 1 ms more."""
_WORDS_INDEX = f"{DOCUMENT}_idx"
_OLD_VERSIONS = timedelta(hours=1)
"""Versions older than this go at upkeep; no search takes that long."""


class LanceVectors:
    """A search index in a folder. Safe to share between threads; open one per process.

    Vector spaces with at least `large` vectors are searched approximately.
    """

    def __init__(self, path: Path, large: int = LARGE) -> None:
        self._path = path
        self._large = large
        self._lock = threading.Lock()
        self._opened: tuple[Any, Any] | None = None
        # Those that were seen, and stay: every look at the schema asks the disk whether somebody has committed.
        self._spaces: dict[str, tuple[str, int]] = {}

    def open(self) -> None:
        """Loads the library and opens the tables, which takes some seconds of a core the first time."""
        self._tables()

    def upsert(self, entries: Sequence[Entry]) -> None:
        """Inserts entries or replaces them whole, by photo id. Raises `ValueError` for what has no column."""
        with self._writing() as (table, _):
            columns = table.schema
            for start in range(0, len(entries), _CHUNK):
                made = rows(entries[start : start + _CHUNK], columns)
                merge = table.merge_insert("photo_id").when_matched_update_all().when_not_matched_insert_all()
                # A photo without a vector is "bad" to LanceDB, whose remedy is to leave it without one.
                merge.execute(made, on_bad_vectors="null")

    def patch(self, changes: Mapping[str, Mapping[str, PropertyValue]]) -> None:
        """Changes properties only; vectors and words stay. Unknown photo ids are ignored."""
        with self._writing() as (table, _):
            for made in changed_rows(changes, table.schema):
                table.merge_insert("photo_id").when_matched_update_all().execute(made)

    def add_space(self, name: str, dimension: int) -> None:
        """Declares a named vector space; the same declaration twice is no error, another dimension is `ValueError`."""
        column = vector_column(name)
        if dimension < 1:
            raise ValueError(f"a vector space has at least one dimension, not {dimension}")
        with self._writing() as (table, _):
            if column not in table.schema.names:
                table.add_columns(pa.field(column, pa.list_(pa.float32(), dimension)))
            elif (declared := table.schema.field(column).type.list_size) != dimension:
                raise ValueError(f"the space {name!r} has {declared} dimensions, not {dimension}")

    def flip(self, alias: str, space: str) -> None:
        """Points `alias` at `space` in one step. Raises `ValueError` for a space that was not declared."""
        vector_column(alias)
        with self._writing() as (table, aliases):
            if vector_column(space) not in table.schema.names:
                raise ValueError(f"no vector space is called {space!r}: declare it with add_space")
            row = pa.Table.from_pylist([{"alias": alias, "space": space}], schema=_ALIAS_COLUMNS)
            aliases.merge_insert("alias").when_matched_update_all().when_not_matched_insert_all().execute(row)

    def delete(self, photo_ids: Sequence[str]) -> None:
        """Removes entries; unknown ids are no error."""
        with self._writing() as (table, _):
            for start in range(0, len(photo_ids), _CHUNK):
                table.delete(named(photo_ids[start : start + _CHUNK]))

    def search_words(
        self,
        words: str,
        *,
        libraries: Sequence[str],
        limit: int,
        filter: Filter | None = None,
        among: Sequence[str] | None = None,
        parts: Parts = NO_PARTS,
    ) -> list[Hit]:
        """Best entries for normalised `words` by BM25 over all word properties."""
        from lancedb.query import MatchQuery

        asked = " ".join(dict.fromkeys(words.split()))
        if not asked or not libraries or limit < 1 or (among is not None and not among):
            return []
        match = MatchQuery(asked, DOCUMENT)  # type: ignore[call-arg]  # pydantic's dataclass hides defaults
        with _available():
            table, _ = self._tables()
            columns, spaces = self._columns(table, parts)
            query = table.search(match, query_type="fts").where(predicate(filter, libraries, among))
            found = query.select([*columns, "_score"]).limit(limit).to_arrow()
        return _ordered(hits(found, found["_score"].to_pylist(), spaces))

    def search_vector(
        self,
        space: str,
        vector: Sequence[float],
        *,
        libraries: Sequence[str],
        limit: int,
        filter: Filter | None = None,
        among: Sequence[str] | None = None,
        parts: Parts = NO_PARTS,
    ) -> list[Hit]:
        """Nearest entries in a space (or alias) by cosine similarity."""
        if not libraries or limit < 1 or (among is not None and not among):
            return []
        with _available():
            table, _ = self._tables()
            column, dimension = self._space(table, space)
            columns, spaces = self._columns(table, parts)
            query = table.search(checked(vector, dimension, space), vector_column_name=column).distance_type("cosine")
            query = query.where(predicate(filter, libraries, among), prefilter=True)
            # The graph compares vectors of bytes: the nearest are looked for widely, and measured as they really are.
            query = query.ef(max(_SEEN, 2 * limit)).refine_factor(1)
            found = query.select([*columns, "_distance"]).limit(limit).to_arrow()
        # Entries without a vector have no distance, and come last. Asking for IS NOT NULL would read every vector.
        found = found.filter(found["_distance"].is_valid())
        return _ordered(hits(found, [1.0 - distance for distance in found["_distance"].to_pylist()], spaces))

    def search_filter(self, *, libraries: Sequence[str], limit: int, filter: Filter | None) -> list[Hit]:
        """Entries the filter accepts, in photo id order, all with score 1."""
        if not libraries or limit < 1:
            return []
        return [Hit(photo_id, 1.0) for photo_id in heapq.nsmallest(limit, self._ids(predicate(filter, libraries)))]

    def photo_ids(self, libraries: Sequence[str], space: str | None = None) -> Iterator[str]:
        """Every id in the index for these libraries, or of those with a vector in a space: none if it is not declared.

        It is what reconciling compares with serving.
        """
        if not libraries:
            return
        condition = predicate(None, libraries)
        if space is not None:
            with _available():
                table, _ = self._tables()
                try:
                    column, _ = self._space(table, space)
                except ValueError:
                    return
            condition += f" AND `{column}` IS NOT NULL"
        yield from self._ids(condition)

    def fetch(self, photo_ids: Sequence[str], parts: Parts = NO_PARTS) -> list[Hit]:
        """The entries of these photos, in no order, all with score 1; photos without one are left out."""
        fetched: list[Hit] = []
        with _available():
            table, _ = self._tables()
            columns, spaces = self._columns(table, parts)
            for start in range(0, len(photo_ids), _CHUNK):
                query = table.search().where(named(photo_ids[start : start + _CHUNK]))
                found = query.select(columns).to_arrow()
                fetched += hits(found, [1.0] * len(found), spaces)
        return fetched

    def upkeep(self, at_least: int = 0) -> str:
        """Takes new entries into the indexes, joins small files, drops old versions; says so. Safe at any time.

        A vector space that has become large gets an index, which takes a while; writers wait, searches do not.
        """
        with self._writing() as (table, aliases):
            before = table.stats()["fragment_stats"]["num_fragments"]
            waiting = table.index_stats(_WORDS_INDEX).num_unindexed_rows
            if waiting < at_least:
                return f"search index: {waiting} new entries, not worth compacting yet"
            for one in (table, aliases):
                one.optimize(cleanup_older_than=_OLD_VERSIONS)
            after = table.stats()["fragment_stats"]["num_fragments"]
            built = index_spaces(table, self._large)
        told = f"search index: {waiting} new entries taken in, {before} files joined to {after}"
        return f"{told}, {len(built)} vector spaces indexed" if built else told

    def _ids(self, condition: str) -> Iterator[str]:
        with _available():
            table, _ = self._tables()
            for batch in table.search().where(condition).select(["photo_id"]).to_batches():
                yield from batch.column("photo_id").to_pylist()

    def _columns(self, table: Any, parts: Parts) -> tuple[list[str], dict[str, str]]:
        """Columns to select for these parts, and which of them each space is in."""
        spaces: dict[str, str] = {}
        for space in parts.spaces:
            with contextlib.suppress(ValueError):
                spaces[space] = self._space(table, space)[0]
        return ["photo_id", *([DOCUMENT] if parts.document else []), *dict.fromkeys(spaces.values())], spaces

    def _space(self, table: Any, name: str) -> tuple[str, int]:
        """Column and dimension of a space or alias; what is declared as a space is not looked for among aliases."""
        if (known := self._spaces.get(name)) is not None:
            return known
        columns = table.schema
        column = vector_column(name)
        if column in columns.names:
            self._spaces[name] = column, columns.field(column).type.list_size
            return self._spaces[name]
        _, aliases = self._tables()
        known_aliases = {row["alias"]: row["space"] for row in aliases.to_arrow().to_pylist()}
        if name not in known_aliases:
            raise ValueError(f"no vector space or alias is called {name!r}")
        return self._space(table, known_aliases[name])

    def _tables(self) -> tuple[Any, Any]:
        if self._opened is None:
            with self._writing():
                pass
        assert self._opened is not None  # noqa: S101 - the writing scope has just opened them
        return self._opened

    @contextlib.contextmanager
    def _writing(self) -> Iterator[tuple[Any, Any]]:
        """The tables, while no other thread or process writes; they are made when they are missing."""
        with _available():
            self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with (self._path / "writer.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                with self._lock:
                    self._opened = self._opened or _open(self._path)
                yield self._opened


def _ordered(found: list[Hit]) -> list[Hit]:
    return sorted(found, key=lambda hit: (-hit.score, hit.photo_id))


@contextlib.contextmanager
def _available() -> Iterator[None]:
    """Turns what LanceDB raises when it cannot read or write into `IndexUnavailable`."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise IndexUnavailable(f"the search index cannot be used: {error}") from error


def _open(path: Path) -> tuple[Any, Any]:
    import lancedb
    from lancedb.index import FTS

    database = lancedb.connect(str(path), read_consistency_interval=timedelta(0))
    known = set(database.table_names(limit=100))
    table = database.open_table(_TABLE) if _TABLE in known else database.create_table(_TABLE, schema=schema())
    if _ALIASES in known:
        aliases = database.open_table(_ALIASES)
    else:
        aliases = database.create_table(_ALIASES, schema=_ALIAS_COLUMNS)
    if missing := [field for field in schema() if field.name not in table.schema.names]:
        table.add_columns(missing)
    indexed = {column for made in table.list_indices() for column in made.columns}
    if DOCUMENT not in indexed:
        settings = FTS(
            base_tokenizer="whitespace",
            lower_case=False,
            stem=False,
            remove_stop_words=False,
            ascii_folding=False,
            max_token_length=None,
            with_position=False,
        )
        table.create_index(DOCUMENT, config=settings)
    if "photo_id" not in indexed:
        table.create_scalar_index("photo_id", index_type="BTREE")
    if "library_id" not in indexed:
        table.create_scalar_index("library_id", index_type="BITMAP")
    return table, aliases
