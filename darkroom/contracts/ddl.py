"""Contract → DuckDB DDL: the lake's tables, and the views that show each table's current rows.

Types follow `arrow.py` (the drift test compares what DuckDB makes of both). DuckLake knows NOT NULL and no other
constraint: keys are kept by the gateway's insert, everything else by the gates.
Does not belong here: running the statements (`stores/lake`).
"""

from __future__ import annotations

import pyarrow as pa

from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.generations import GENERATIONS
from darkroom.contracts.operations import OUTPUT_VERSIONS
from darkroom.contracts.table import Table

SCALARS: dict[pa.DataType, str] = {
    pa.string(): "VARCHAR",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
    pa.timestamp("us"): "TIMESTAMP",
}


def column_types(table: Table) -> dict[str, str]:
    """DuckDB type by column. `DESCRIBE` spells them alike but for the quotes around names of nested fields."""
    return {field.name: _sql_type(field.type) for field in arrow_schema(table)}


def create_table(table: Table, schema: str = "core") -> str:
    """The statement that creates the table where it does not exist."""
    types = column_types(table)
    lines = [f'  "{f.name}" {types[f.name]}{"" if f.nullable else " NOT NULL"}' for f in table.fields]
    return f"CREATE TABLE IF NOT EXISTS {schema}.{table.name} (\n" + ",\n".join(lines) + "\n)"


def current_view(table: Table, schema: str = "core") -> str:
    """The statement that (re)creates `current_<table>`: the rows that count now, one per key.

    With an output: the newest attempt per photo at the library's current version. With attempts only: the newest
    attempt per photo. Output versions: the newest per library and output. Made in generations: the rows of those that
    are shown. Facts: the first row of each key.
    """
    return f"CREATE OR REPLACE VIEW {schema}.current_{table.name} AS\n{_current_rows(table, schema)}"


def newest_attempt(table: Table) -> str:
    """The QUALIFY condition that keeps the newest attempt of each photo, or the first row of each key for facts."""
    if "attempt" in table.primary_key:
        return "attempt = max(attempt) OVER (PARTITION BY photo_id)"
    first = "recorded_at" if "recorded_at" in table.row.model_fields else table.primary_key[0]
    return f"row_number() OVER (PARTITION BY {', '.join(table.primary_key)} ORDER BY {first}) = 1"


def _current_rows(table: Table, schema: str) -> str:
    rows = f"SELECT * FROM {schema}.{table.name}"  # noqa: S608 — names come from contracts, never from a caller
    if table.name == OUTPUT_VERSIONS.name:
        return f"{rows}\nQUALIFY row_number() OVER (PARTITION BY library_id, output ORDER BY since DESC) = 1"
    if table.written_by == "generation":
        shown = f"SELECT max(generation) FROM {schema}.{GENERATIONS.name} GROUP BY library_id, kind"  # noqa: S608
        return f"{rows}\nWHERE generation IN ({shown})"
    if table.output is None:
        return f"{rows}\nQUALIFY {newest_attempt(table)}"
    versions = f"SELECT (library_id, output_version) FROM {schema}.current_{OUTPUT_VERSIONS.name}"  # noqa: S608
    return (
        f"{rows}\nWHERE (library_id, output_version) IN (\n"
        f"  {versions} WHERE output = '{table.output}'\n)\nQUALIFY {newest_attempt(table)}"
    )


def _sql_type(arrow: pa.DataType) -> str:
    if pa.types.is_list(arrow):
        return f"{_sql_type(arrow.value_type)}[]"
    if pa.types.is_struct(arrow):
        return "STRUCT(" + ", ".join(f'"{field.name}" {_sql_type(field.type)}' for field in arrow) + ")"
    return SCALARS[arrow]
