"""Contract → Arrow: the schema of a table, and rows turned into columns.

Arrow is how rows travel between services, the lake and the gates; the types here and the lake's (`ddl.py`) agree.
Does not belong here: reading or writing any store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin

import pyarrow as pa
from pydantic import AwareDatetime, NaiveDatetime

from darkroom.contracts.table import Field, Row, Table

SCALARS: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    AwareDatetime: pa.timestamp("us", tz="UTC"),
    NaiveDatetime: pa.timestamp("us"),
}


def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns in order; a column that may not be null is marked so.

    Raises `TypeError` naming a column whose type has no Arrow equivalent.
    """
    return pa.schema([_arrow_field(table.name, field) for field in table.fields])


def to_arrow(table: Table, rows: Sequence[Row]) -> pa.Table:
    """Rows as columns of `arrow_schema(table)`, in the order given; instants become UTC.

    Raises `TypeError` when a row is of another table.
    """
    for row in rows:
        if not isinstance(row, table.row):
            raise TypeError(f"{table.name} holds {table.row.__name__}, not {type(row).__name__}")
    return pa.Table.from_pylist([row.model_dump() for row in rows], schema=arrow_schema(table))


def _arrow_field(owner: str, field: Field) -> pa.Field:
    return pa.field(field.name, _arrow_type(f"{owner}.{field.name}", field.type), nullable=field.nullable)


def _arrow_type(name: str, python: Any) -> pa.DataType:
    if get_origin(python) is list:
        (item,) = get_args(python)
        return pa.list_(pa.field("item", _arrow_type(name, item), nullable=False))
    if isinstance(python, type) and issubclass(python, Row):
        nested = Table(name=name, row=python, grain="", primary_key=())
        return pa.struct([_arrow_field(name, field) for field in nested.fields])
    try:
        return SCALARS[python]
    except (KeyError, TypeError):
        raise TypeError(f"{name}: no Arrow type is known for {python}") from None
