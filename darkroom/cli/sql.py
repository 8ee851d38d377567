"""`darkroom sql`: ask the lake a question, read-only.

Belongs here: how an answer is printed. Does not belong here: what may be asked and within which limits
(`stores/lake/statements`, `stores/lake/sandbox`).
"""

from __future__ import annotations

import csv
import json
import sys
from base64 import b64encode
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from darkroom.cli import exits, printing
from darkroom.home import Home

if TYPE_CHECKING:
    import pyarrow as pa


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def sql(
    context: typer.Context,
    statement: Annotated[
        str, typer.Argument(help="One SELECT, EXPLAIN, DESCRIBE or SHOW TABLES; - reads it from stdin.")
    ],
    format_: Annotated[Format, typer.Option("--format", "-f", help="How rows are printed.")] = Format.TABLE,
    rows: Annotated[int, typer.Option(help="At most this many rows.", min=1, max=1_000_000)] = 1000,
    seconds: Annotated[float, typer.Option(help="Stop after this long.", min=0.1, max=3600)] = 60.0,
) -> None:
    """Ask the lake with SQL, read-only: marts first, then core.

    Try: darkroom sql "SHOW TABLES"
    """
    from darkroom.stores.lake.sandbox import QueryFailed, QueryRefused, ask  # DuckDB would slow every other command

    text = sys.stdin.read() if statement == "-" else statement
    try:
        answer = ask(Home(context.obj.home), context.obj.lake, text, seconds=seconds, rows=rows)
    except QueryRefused as error:
        exits.stop(exits.USAGE, str(error))
    except QueryFailed as error:
        exits.stop(exits.FAILED, str(error))
    print_rows(answer.rows, format_)
    if answer.cut:
        typer.echo(f"Not all rows are shown: {answer.cut}. Ask for less, or raise --rows.", err=True)


def print_rows(rows: pa.Table, format_: Format) -> None:
    """Prints rows to standard output. JSON is a list of objects, CSV has a header; nested values are JSON in CSV."""
    values = [_values(column) for column in rows.columns]
    if format_ is Format.JSON:
        objects = [dict(zip(rows.column_names, row, strict=True)) for row in zip(*values, strict=True)]
        typer.echo(json.dumps(objects, default=_json, ensure_ascii=False, indent=2))
    elif format_ is Format.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(rows.column_names)
        writer.writerows([_plain(value) for value in row] for row in zip(*values, strict=True))
    else:
        cells = ([_cell(value) for value in row] for row in zip(*values, strict=True))
        printing.print_rows(rows.column_names, cells)


def _values(column: pa.ChunkedArray) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # an instant that Python's calendar does not reach
        return list(column.cast("string").to_pylist())


def _cell(value: Any) -> Text:
    if value is None:
        return Text("null", style="dim")
    return Text(printing.visible(_plain(value)), justify="right" if isinstance(value, int | float) else "left")


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value, default=_json, ensure_ascii=False)
    return str(_json(value)) if isinstance(value, bytes | date | time) else str(value)


def _json(value: Any) -> str | int:
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)  # how DuckDB hands over integers wider than 64 bits, sums among them
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return str(value)
