"""Rows on their way into the lake: brought to the contract's columns and types, or refused by column."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.table import Row, Table
from darkroom.stores.lake.faults import LakeSchemaMismatch


def staged(table: Table, rows: Sequence[Row] | pa.Table) -> pa.Table:
    """The rows as `arrow_schema(table)`. Arrow columns may come in any order and width, never in another kind.

    Raises `LakeSchemaMismatch` naming the column that is missing, unknown, of another kind, or wrongly null.
    """
    if not isinstance(rows, pa.Table):
        return to_arrow(table, rows)
    schema = arrow_schema(table)
    if sorted(rows.column_names) != sorted(schema.names):
        odd = sorted(set(rows.column_names) ^ set(schema.names)) or "repeated columns"
        raise LakeSchemaMismatch(f"rows for {table.name} differ from its contract in {odd}")
    return pa.table([_column(table, rows[field.name], field) for field in schema], schema=schema)


def _column(table: Table, given: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    where = f"{table.name}.{field.name}"
    if given.null_count and not field.nullable:
        raise LakeSchemaMismatch(f"{where} is null in {given.null_count} rows and may not be")
    if _kind(given.type) not in (_kind(field.type), "null"):
        raise LakeSchemaMismatch(f"{where} is {given.type}; its contract says {field.type}")
    try:
        return given.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise LakeSchemaMismatch(f"{where} does not fit its contract: {error}") from error


def _kind(arrow: pa.DataType) -> str:
    """What a type means, without its width: Arrow would turn a number into text without a word."""
    if pa.types.is_timestamp(arrow):
        return "wall time" if arrow.tz is None else "instant"
    kinds = {
        "text": (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view),
        "integer": (pa.types.is_integer,),
        "number": (pa.types.is_floating,),
        "list": (pa.types.is_list, pa.types.is_large_list),
    }
    for kind, tests in kinds.items():
        if any(test(arrow) for test in tests):
            return kind
    return "struct" if pa.types.is_struct(arrow) else str(arrow)
