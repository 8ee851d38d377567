"""Runs statements of others on the lake, in a process of their own that can do nothing else.

Walls, from the outside in: a child with bounded memory that may write no file and is killed when it takes too long; a
Postgres role that only reads; a read-only attach; no external access, configuration locked; and statements checked
before they run (`statements`). The password reaches the child over its socket, never in arguments or variables.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from sqlalchemy.engine import make_url

from darkroom.home import Home
from darkroom.settings import LakeSettings
from darkroom.stores.lake.duck import Catalog, attach, connect, memory_bytes
from darkroom.stores.lake.statements import StatementRefused, check_statement
from darkroom.workers.limits import Limits
from darkroom.workers.pool import WorkerPool
from darkroom.workers.process import TaskFailed, WorkerCrashed, WorkerTimeout

BYTES_MAX = 64 * 1024**2
"""An answer is cut after this many bytes, however few rows they are."""

OVERHEAD_BYTES = 3 * 1024**3
"""Address space of the interpreter, the libraries and DuckDB's threads beside its memory limit."""

GRACE_SECONDS = 5.0
"""How long after its time a statement may take to notice, before its process is killed."""


WRONG = (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError)
"""What DuckDB raises about a statement as it was written: unknown names, types and values that do not fit."""


class QueryFailed(RuntimeError):
    """The statement was refused, is wrong, or took more than it may; the message says which."""


class QueryRefused(QueryFailed):
    """The statement may not be asked, or is wrong: only another statement helps."""


@dataclass(frozen=True)
class Answer:
    """The rows of a statement; `cut` says why there are more than these, or is `None` when these are all."""

    rows: pa.Table
    cut: str | None


def ask(home: Home, settings: LakeSettings, statement: str, *, seconds: float = 60.0, rows: int = 10_000) -> Answer:
    """The answer to one statement, within `seconds` and at most `rows` rows; unqualified names are marts, then core.

    Raises `QueryFailed`, as `QueryRefused` when only another statement helps; `NotRunning` when the home's Postgres has
    no address.
    """
    url = home.database_url("lake_reader")
    config = {
        "catalog": url.render_as_string(hide_password=False),
        "data": str(home.lake),
        "settings": settings.model_dump(),
    }
    limits = Limits(memory_bytes=memory_bytes(settings) + OVERHEAD_BYTES, seconds=seconds + GRACE_SECONDS)
    with WorkerPool(f"{__name__}:ReadOnlySession", config, 1, limits) as pool:
        task = {"statement": statement, "seconds": seconds, "rows": rows}
        try:
            reply = pool.submit(task).result()
        except TaskFailed as fault:
            refused = fault.kind == StatementRefused.__name__
            raise (QueryRefused if refused else QueryFailed)(fault.message) from None
        except WorkerTimeout:
            raise QueryFailed(_too_slow(seconds)) from None
        except WorkerCrashed as fault:
            raise QueryFailed(
                f"the statement's process ended ({fault}): it may have asked for too much memory"
            ) from None
    with pa.ipc.open_stream(reply.blobs[0]) as stream:
        return Answer(stream.read_all(), reply.result["cut"])


class ReadOnlySession:
    """The handler inside the child: one connection that reads the lake and nothing else."""

    def __init__(self, config: dict[str, Any]) -> None:
        settings = LakeSettings(**config["settings"])
        self._memory = settings.memory_limit
        self._connection = connect(settings, spill=None)
        attach(self._connection, Catalog(make_url(config["catalog"])), Path(config["data"]), read_only=True)
        for setting in (
            "search_path = 'lake.marts,lake.core'",
            "allow_community_extensions = false",
            f"allowed_directories = ['{config['data'].replace(chr(39), chr(39) * 2)}/']",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            self._connection.execute(f"SET {setting}")

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], Sequence[bytes]]:
        """Runs `task["statement"]` and returns its rows as an Arrow stream."""
        check_statement(task["statement"])
        timer = threading.Timer(task["seconds"], self._connection.interrupt)
        timer.start()
        try:
            rows, cut = _bounded(self._connection.execute(task["statement"]), task["rows"])
        except duckdb.InterruptException:
            raise QueryFailed(_too_slow(task["seconds"])) from None
        except duckdb.OutOfMemoryException:
            raise QueryFailed(f"stopped: it needs more than the lake's memory limit of {self._memory}") from None
        except WRONG as error:
            raise StatementRefused(str(error)) from None
        finally:
            timer.cancel()
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, rows.schema) as stream:
            stream.write_table(rows)
        return {"cut": cut}, [sink.getvalue()]


def _bounded(result: duckdb.DuckDBPyConnection, limit: int) -> tuple[pa.Table, str | None]:
    """The first `limit` rows, read as they come, and why reading stopped early."""
    batches, count, size = [], 0, 0
    reader = result.to_arrow_reader(2048)
    for batch in reader:
        batches.append(batch.slice(0, limit - count))
        count, size = count + batch.num_rows, size + batch.nbytes
        if count > limit:
            return pa.Table.from_batches(batches, reader.schema), f"there are more than {limit:,} rows"
        if size > BYTES_MAX:
            return pa.Table.from_batches(
                batches, reader.schema
            ), f"the answer is larger than {BYTES_MAX // 1024**2} MiB"
    return pa.Table.from_batches(batches, reader.schema), None


def _too_slow(seconds: float) -> str:
    return f"stopped: it took longer than {seconds:g} s"
