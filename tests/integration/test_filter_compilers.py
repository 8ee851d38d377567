"""One filter, three readers: PostgreSQL, the search index and plain Python select the same photos."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from api.queries.filters import accepted
from darkroom.domain.fields import OUTPUT_PREFIX, FilterField, Kind
from darkroom.domain.filters import Filter, parse
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.domain.matching import indexable, matches
from darkroom.domain.words import fold
from darkroom.home import Home
from darkroom.sdk.stores import Entry
from darkroom.security.callers import Caller
from darkroom.services.documents import entry
from darkroom.stores.state import schema
from darkroom.stores.state.engine import connect, scoped
from darkroom.stores.state.migrate import migrate
from darkroom.stores.state.photo_words import publish_words
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.postgres import embedded_postgres
from darkroom.testing.vectors import values_of

CALLER = Caller(uuid.UUID(int=1), uuid.UUID(int=2), (DEFAULT_LIBRARY,), frozenset())
SOURCE = uuid.UUID(int=3)
local = datetime.fromisoformat

NAMES = (
    "Canon",
    "canon",
    "CANON ",
    "Nikon's",
    "Ähnlich",
    "ahnlich",
    "Straße",
    "STRASSE",
    "50% off_",
    "back\\slash",
    "ﬁne",
)
TEXTS = (
    "Die Straße in Berlin",
    "strasse",
    "art and party",
    "the who",
    "東京都 tower",
    "tokyo東京",
    "ガラス ガラス",
    "Crème-brûlée!",
    "IMG_2019-07.jpg",
    "Ёлка и йод",
    "शिमला",
    "ΑΣΦΑΛΕΙΑ ς",
    "❤️ 🎂",
    "...",
    "서울 특별시",
    "İstanbul ısı",
    "x² ½ Ⅷ",
    "نص عربي، كلمة",
)
VALUES = (
    "canon",
    "CAN*",
    "nikon's",
    "ähnlich",
    "stra*",
    "STRASSE",
    "strasse*",
    "50%",
    "_",
    "back*",
    "fine",
    "the",
    "who",
    "art",
    "東京",
    "京",
    "東*",
    "ガラス",
    "creme brulee",
    "2019",
    "img 2019 07",
    "елка",
    "ασφαλεια",
    "σ",
    "특별",
    "istanbul",
    "viii",
    "1",
    "शिमला",
    "كلمة",
    "die berlin stra*",
)
TIMES = ("2019", "2019-07", "2019-07-04", "2019-07-04T10:30:00", "0001", "9999", "2020-01-01")


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def conditions() -> st.SearchStrategy[str]:
    compare = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
    name = st.sampled_from(("camera.make", "camera.model", "lens", "media_type", "path"))
    value = st.sampled_from(VALUES).map(quoted)
    words = st.sampled_from([value for value in VALUES if value != "_"]).map(quoted)
    return st.one_of(
        st.builds("{} {} {}".format, name, st.sampled_from(("=", "!=", ":")), value),
        st.builds("keywords:{}".format, value),
        st.builds("{}:{}".format, st.sampled_from(("text", "title", "description")), words),
        st.builds("{} {} {}".format, st.sampled_from(("rating", "width", "height")), compare, st.integers(-1, 6)),
        st.builds(
            "{} {} {}".format, st.sampled_from(("latitude", "longitude")), compare, st.sampled_from((-33.5, 0, 48))
        ),
        st.builds("{} {} {}".format, st.sampled_from(("taken_at", "date")), compare, st.sampled_from(TIMES)),
        st.builds("year {} {}".format, compare, st.sampled_from((1, 2019, 2020, 9999))),
        st.builds(
            "{}:*".format,
            st.sampled_from(("lens", "text", "title", "keywords", "location", "rating", "taken_at", "path")),
        ),
        st.builds(
            "outputs.texts {} {}".format, st.sampled_from(("=", "!=")), st.sampled_from(("done", "failed", "missing"))
        ),
        st.builds("library_id {} {}".format, st.sampled_from(("=", "!=")), st.sampled_from((DEFAULT_LIBRARY, SOURCE))),
    )


def filters() -> st.SearchStrategy[str]:
    def joined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("({} AND {})".format, parts, parts),
            st.builds("({} OR {})".format, parts, parts),
            st.builds("NOT {}".format, parts),
            st.builds("-({})".format, parts),
        )

    return st.recursive(conditions(), joined, max_leaves=6)


def photos() -> list[dict[str, Any]]:
    """Photos that differ in every field, many values missing."""
    times = [
        None,
        local("2019-07-04T10:30"),
        local("2019-07-04T23:59:59.999999"),
        local("2020-01-01"),
        local("0001-01-01"),
    ]
    made = []
    for number in range(60):
        pick = lambda values, step, n=number: values[n * step % len(values)]  # noqa: E731 - reads better inline
        made.append(
            {
                "photo_id": uuid.UUID(int=1000 + number),
                "library_id": DEFAULT_LIBRARY,
                "epoch": 1,
                "sha256": f"{number:064x}",
                "media_type": pick(("image/jpeg", "image/heic", "image/x-canon-cr2"), 1),
                "size_bytes": 1,
                "orientation": 1,
                "width": pick((None, 3, 6000), 1),
                "height": pick((2, None), 1),
                "taken_local": pick(times, 3),
                "latitude": pick((None, 48.0, -33.5, 0.0), 1),
                "longitude": pick((None, 48.0, -33.5, 0.0), 1),
                "camera_make": pick((None, *NAMES), 1),
                "camera_model": pick((None, *NAMES), 5),
                "lens": pick((None, *NAMES), 7),
                "title": pick((None, *TEXTS), 1),
                "description": pick((None, "", *TEXTS), 3),
                "text": pick((None, *TEXTS, " ".join(TEXTS)), 7),
                "keywords": [list(TEXTS[:2]), [], ["Canon", "who"], [NAMES[number % len(NAMES)]]][number % 4],
                "rating": pick((None, -1, 0, 3, 5), 1),
            }
        )
    return made


class Shelf:
    """The same photos in all three."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.index = LanceVectors(folder)
        self.rows = {row["photo_id"]: row for row in photos()}
        self.paths = {
            photo_id: [] if row["rating"] == 0 else [f"Canon/{row['rating']}/{row['title'] or 'x'}", "b"]
            for photo_id, row in self.rows.items()
        }
        self.states = {
            photo_id: ("done", "failed", "off", "missing", None)[number % 5]
            for number, photo_id in enumerate(self.rows)
        }
        self.entries = {
            photo_id: entry(row, [{"path": path} for path in self.paths[photo_id]], row, {"text": row["text"]}, {})
            for photo_id, row in self.rows.items()
        }
        self.index.upsert(list(self.entries.values()))
        self._fill(home)
        self.api = connect(home.database_url("darkroom_api"))

    def _fill(self, home: Home) -> None:
        engine = connect(home.database_url("darkroom"))
        with engine.begin() as connection:
            connection.execute(delete(schema.photos))
            values = {"id": SOURCE, "library_id": DEFAULT_LIBRARY, "name": "n", "mode": "copy", "path": "/p"}
            connection.execute(insert(schema.sources).values(values))
            connection.execute(insert(schema.photos), list(self.rows.values()))
            publish_words(connection, list(self.rows.values()))
            common = {"library_id": DEFAULT_LIBRARY, "epoch": 1}
            file = {"source_id": SOURCE, "sha256": "0", "size_bytes": 1, "modified_at": local("2020-01-01"), **common}
            connection.execute(
                insert(schema.photo_files),
                [
                    {**file, "photo_id": photo_id, "path": f"{path}/{photo_id}"}
                    for photo_id, paths in self.paths.items()
                    for path in paths
                ],
            )
            connection.execute(
                insert(schema.published_outputs),
                [
                    {**common, "photo_id": photo_id, "output": "texts", "state": state}
                    for photo_id, state in self.states.items()
                    if state
                ],
            )
        engine.dispose()

    def served(self, filter: Filter | None) -> set[uuid.UUID]:
        statement = select(schema.photos.c.photo_id).where(accepted(CALLER, filter))
        with scoped(self.api, CALLER.libraries) as connection:
            return set(connection.execute(statement).scalars())

    def indexed(self, filter: Filter | None) -> set[uuid.UUID]:
        hits = self.index.search_filter(libraries=[str(DEFAULT_LIBRARY)], limit=1000, filter=filter)
        return {uuid.UUID(hit.photo_id) for hit in hits}

    def meant(self, filter: Filter | None) -> set[uuid.UUID]:
        return {photo_id for photo_id in self.rows if matches(filter, self._value_of(photo_id, self.entries[photo_id]))}

    def _value_of(self, photo_id: uuid.UUID, known: Entry) -> Any:
        indexed = values_of(known)

        def value(field: FilterField) -> Any:
            if field.kind is Kind.STATE:
                return (self.states[photo_id] if field.name == f"{OUTPUT_PREFIX}texts" else None) or "missing"
            if field.kind is Kind.PATH:
                return [fold(f"{path}/{photo_id}") for path in self.paths[photo_id]]
            return self.rows[photo_id][field.column] if field.indexed is None else indexed(field)

        return value


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    with embedded_postgres(tmp_path_factory.mktemp("home")) as home:
        migrate(home.database_url("darkroom"))
        shelf = Shelf(home, tmp_path_factory.mktemp("vectors"))
        yield shelf
        shelf.api.dispose()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=filters())
def test_every_filter_selects_the_same_photos_everywhere(shelf: Shelf, text: str) -> None:
    filter = parse(text)
    meant = shelf.meant(filter)
    assert shelf.served(filter) == meant
    weaker = indexable(filter)
    assert shelf.indexed(filter) == shelf.meant(weaker)
    assert meant <= shelf.meant(weaker)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("condition", ["text:{}", "camera.make = {}", "keywords:{}", "title:{}", "path = {}"])
def test_every_value_selects_the_same_photos_everywhere(shelf: Shelf, condition: str, value: str) -> None:
    try:
        filter = parse(condition.format(quoted(value)))
    except ValueError:
        assert value == "_"
        return
    assert shelf.served(filter) == shelf.meant(filter)
    assert shelf.indexed(filter) == shelf.meant(indexable(filter))


def test_the_examples_are_not_all_empty(shelf: Shelf) -> None:
    found = [value for value in VALUES if value != "_" and shelf.meant(parse(f"text:{quoted(value)}"))]
    assert len(found) > 20
    assert len(shelf.meant(parse("text:stra*"))) > len(shelf.meant(parse("text:strass"))) == 0
    assert shelf.served(None) == shelf.meant(None) == set(shelf.rows)


def test_a_filter_never_reaches_beyond_the_callers_libraries(shelf: Shelf) -> None:
    stranger = Caller(uuid.UUID(int=1), uuid.UUID(int=2), (uuid.UUID(int=9),), frozenset())
    statement = select(schema.photos.c.photo_id).where(accepted(stranger, parse("NOT rating = 77")))
    with scoped(shelf.api, CALLER.libraries) as connection:
        assert connection.execute(statement).all() == []


def test_injected_text_stays_a_value(shelf: Shelf) -> None:
    for text in ("'); DROP TABLE x; --", "' OR '1'='1", "%", "_", ".*", "(?=x)", "\\", "a\\'b", "x') OR true --"):
        for condition in ("camera.make = {}", "camera.make:{}", "keywords:{}", "path:{}"):
            filter = parse(condition.format(quoted(text.rstrip("*"))))
            assert shelf.served(filter) == shelf.meant(filter)
            assert shelf.indexed(filter) == shelf.meant(indexable(filter))
