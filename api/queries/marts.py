"""Marts of the lake: which there are, and their rows. Only tables of the schema `marts`, only rows the caller may see.

A mart has either a `library_id`, by which it is narrowed, or is about all libraries, and then for administrators only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from darkroom.security.callers import ADMIN, Caller
from darkroom.stores.lake import Lake

LIBRARY = "library_id"


@dataclass(frozen=True)
class MartColumn:
    """A column as DuckDB describes it."""

    name: str
    type: str
    description: str | None


@dataclass(frozen=True)
class Mart:
    """A mart and its columns in order."""

    name: str
    description: str | None
    columns: list[MartColumn] = field(default_factory=list)

    @property
    def by_library(self) -> bool:
        """Whether its rows say which library they are about."""
        return any(column.name == LIBRARY for column in self.columns)


def visible(caller: Caller, lake: Lake) -> list[Mart]:
    """The marts the caller may read, by name."""
    described: dict[str, list[MartColumn]] = defaultdict(list)
    for row in lake.query(
        "SELECT table_name, column_name, data_type, comment FROM duckdb_columns()"
        " WHERE database_name = 'lake' AND schema_name = 'marts' ORDER BY table_name, column_index"
    ).to_pylist():
        described[row["table_name"]].append(MartColumn(row["column_name"], row["data_type"], row["comment"]))
    tables = lake.query(
        "SELECT table_name, comment FROM duckdb_tables() WHERE database_name = 'lake' AND schema_name = 'marts'"
        # dbt's scaffolding, left over when a build is killed
        " AND table_name NOT LIKE '%\\_\\_dbt\\_%' ESCAPE '\\' ORDER BY table_name"
    ).to_pylist()
    marts = [Mart(row["table_name"], row["comment"], described[row["table_name"]]) for row in tables]
    return [mart for mart in marts if mart.by_library or caller.may(ADMIN)]


def rows(
    caller: Caller, lake: Lake, mart: Mart, snapshot: int, after: int, limit: int
) -> list[tuple[int, dict[str, Any]]]:
    """At most `limit` rows of a mart as of a snapshot, each with its row id, in row id order, after the row `after`.

    `mart` is one of `visible`: its name is part of the statement.
    """
    narrowed = f"AND CAST({LIBRARY} AS VARCHAR) IN (SELECT unnest($libraries::VARCHAR[]))" if mart.by_library else ""
    found = lake.query(
        f"SELECT rowid AS __row, * FROM marts.{_quoted(mart.name)} AT (VERSION => {int(snapshot)})"  # noqa: S608
        f" WHERE rowid > $after {narrowed} ORDER BY rowid LIMIT $limit",
        {
            "after": after,
            "limit": limit,
            **({"libraries": [str(one) for one in caller.libraries]} if mart.by_library else {}),
        },
    )
    return [(row.pop("__row"), row) for row in found.to_pylist()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
