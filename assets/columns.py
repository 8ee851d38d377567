"""Contract → Dagster's column metadata: what the asset's page in the UI says of each column.

Belongs here: the derivation. Does not belong here: descriptions (`darkroom.contracts`), or rows in the UI: a column
that holds personal data is marked, never sampled.
"""

from typing import Any, get_args, get_origin

import dagster as dg
from pydantic import AwareDatetime, NaiveDatetime

from darkroom.contracts.table import Field, Row, Table

_TYPES = {
    str: "string",
    int: "int64",
    float: "float64",
    bool: "boolean",
    AwareDatetime: "timestamp (UTC)",
    NaiveDatetime: "timestamp (local)",
}


def column_schema(table: Table) -> dg.TableSchema:
    """The table's columns with types, descriptions and constraints, for the metadata key `dagster/column_schema`."""
    return dg.TableSchema(
        columns=[_column(table, field) for field in table.fields],
        constraints=dg.TableConstraints(other=[f"primary key ({', '.join(table.primary_key)})"]),
    )


def _column(table: Table, field: Field) -> dg.TableColumn:
    column = field.column
    unit = f" [{column.unit}]" if column.unit else ""
    return dg.TableColumn(
        name=field.name,
        type=_type_name(f"{table.name}.{field.name}", field.type),
        description=f"{column.description}{unit}",
        constraints=dg.TableColumnConstraints(
            nullable=field.nullable, unique=table.primary_key == (field.name,), other=_constraints(field)
        ),
        tags={"pii": "yes"} if field.name in table.pii else {},
    )


def _constraints(field: Field) -> list[str]:
    column = field.column
    found = [f">= {column.ge:g}"] if column.ge is not None else []
    found += [f"<= {column.le:g}"] if column.le is not None else []
    found += [f"one of {', '.join(column.values)}"] if column.values else []
    return [*found, *([f"matches {column.pattern}"] if column.pattern else [])]


def _type_name(name: str, python: Any) -> str:
    if get_origin(python) is list:
        return f"list<{_type_name(name, get_args(python)[0])}>"
    if isinstance(python, type) and issubclass(python, Row):
        fields = Table(name=name, row=python, grain="", primary_key=()).fields
        return f"struct<{', '.join(f'{one.name} {_type_name(name, one.type)}' for one in fields)}>"
    if python not in _TYPES:
        raise TypeError(f"{name}: no name is known for {python}")
    return _TYPES[python]
