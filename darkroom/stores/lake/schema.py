"""Makes the lake's tables and views be what the contracts say.

A new table is created, a new nullable column is added; whatever else differs is an error, since rows are never
rewritten. Does not belong here: what the statements look like (`contracts/ddl.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args, get_origin

import duckdb

from darkroom.contracts.ddl import column_types, create_table, current_view
from darkroom.contracts.operations import OUTPUT_VERSIONS
from darkroom.contracts.table import Table
from darkroom.stores.lake.faults import LakeSchemaMismatch

SCHEMAS = ("core", "marts")


def migrate(cursor: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    """Creates what is missing, in one transaction. `cursor` uses the lake.

    Raises `LakeSchemaMismatch` naming table and columns when a table cannot become what its contract says.
    """
    cursor.begin()
    for schema in SCHEMAS:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    for table in tables:
        cursor.execute(create_table(table))
        _add_columns(cursor, table)
    # Other views read the one of output versions.
    for table in sorted(tables, key=lambda table: table.name != OUTPUT_VERSIONS.name):
        cursor.execute(current_view(table))
    cursor.commit()
    for table in tables:
        if _has_vectors(table):
            # Inlined vectors cost half a second per commit.
            cursor.execute(
                f"CALL lake.set_option('data_inlining_row_limit', 0, table_name => '{table.name}', schema => 'core')"
            )


def check(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Raises `LakeSchemaMismatch` unless the lake's table has exactly the contract's columns, in any order."""
    found, wanted = _found(cursor, table), _wanted(table)
    if found != wanted:
        odd = sorted(set(found.items()) ^ set(wanted.items()))
        raise LakeSchemaMismatch(
            f"core.{table.name} differs from its contract in {', '.join(sorted({name for name, _ in odd}))}:"
            f" the lake has {_listed(found, odd)}; the contract says {_listed(wanted, odd)}"
        )


def _add_columns(cursor: duckdb.DuckDBPyConnection, table: Table) -> None:
    found, types = _found(cursor, table), column_types(table)
    for field in table.fields:
        if field.name not in found and field.nullable:
            cursor.execute(f'ALTER TABLE core.{table.name} ADD COLUMN "{field.name}" {types[field.name]}')
    check(cursor, table)


def _found(cursor: duckdb.DuckDBPyConnection, table: Table) -> dict[str, str]:
    described = cursor.execute(f"DESCRIBE core.{table.name}").fetchall()
    return {str(row[0]): str(row[1]).replace('"', "") for row in described}


def _wanted(table: Table) -> dict[str, str]:
    return {name: spelt.replace('"', "") for name, spelt in column_types(table).items()}


def _listed(columns: dict[str, str], odd: list[tuple[str, str]]) -> str:
    names = sorted({name for name, _ in odd} & set(columns))
    return ", ".join(f"{name} {columns[name]}" for name in names) or "none of them"


def _has_vectors(table: Table) -> bool:
    return any(get_origin(field.type) is list and get_args(field.type) == (float,) for field in table.fields)
