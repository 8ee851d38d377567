"""Contract → dbt: the lake's tables as sources, and the columns of the staging views that pass them on.

`python -m darkroom.contracts.dbt` rewrites both files of a checkout; a drift test compares them.
Does not belong here: models, tests and marts (`models_dbt`), which are written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.columns import UUID_PATTERN
from darkroom.contracts.ddl import column_types
from darkroom.contracts.operations import PUBLICATIONS
from darkroom.contracts.table import Field, Table

SOURCE = "core"
"""Name of the dbt source, and of the schema in the lake."""

SOURCES_FILE = Path("models_dbt/models/staging/__sources.yml")
STAGING_FILE = Path("models_dbt/models/staging/__staging.yml")

_HEADER = "# Made from darkroom/contracts by `python -m darkroom.contracts.dbt`: change the contract, not this file.\n"

_PUBLISHED = (
    ("published_epoch", "Publish epoch that made the row visible.", "BIGINT"),
    ("published_at", "When that epoch was committed (UTC).", "TIMESTAMP WITH TIME ZONE"),
)
"""Columns staging adds to the tables whose rows are published."""

_UNPUBLISHED = ("batches", "output_versions", PUBLICATIONS.name)
"""Tables that are not about one photo's rows: their staging views add nothing."""


def source_yaml(tables: Sequence[Table]) -> str:
    """The dbt source with every table, column, description and type; each table is the asset of its name."""
    lines = [_HEADER + "version: 2", "", "sources:", f"  - name: {SOURCE}", f"    schema: {SOURCE}"]
    lines += ['    description: "Everything computed, one table per contract, append-only."', "    tables:"]
    for table in tables:
        lines += [f"      - name: {table.name}", f"        description: {_quoted(_described(table))}"]
        lines += ["        config:", "          meta:", f"            dagster: {{asset_key: [{_quoted(table.name)}]}}"]
        lines += [f"            primary_key: [{', '.join(table.primary_key)}]"]
        lines += [f"            owners: [{', '.join(_quoted(owner) for owner in table.owners)}]", "        columns:"]
        lines += [line for field in table.fields for line in _column(table, field, " " * 10)]
    return "\n".join(lines) + "\n"


def staging_yaml(tables: Sequence[Table]) -> str:
    """One model per staging view: the contract's columns, and which publication made the row visible."""
    lines = [_HEADER + "version: 2", "", "models:"]
    for table in tables:
        which = "All rows" if table.name in _UNPUBLISHED else "Published rows"
        lines += [
            f"  - name: stg_{table.name}",
            f"    description: {_quoted(f'{which} of {table.name}. {_described(table)}')}",
        ]
        lines += ["    columns:"]
        lines += [line for field in table.fields for line in _column(table, field, " " * 6)]
        for name, description, kind in () if table.name in _UNPUBLISHED else _PUBLISHED:
            lines += [
                f"      - name: {name}",
                f"        description: {_quoted(description)}",
                f"        data_type: {kind}",
            ]
    return "\n".join(lines) + "\n"


def _described(table: Table) -> str:
    return f"{table.description} Grain: {table.grain}."


def _column(table: Table, field: Field, indent: str) -> Iterator[str]:
    column = field.column
    meta: dict[str, object] = {"unit": column.unit} if column.unit else {}
    meta |= {"values": list(column.values)} if column.values else {}
    meta |= {"range": [column.ge, column.le]} if (column.ge, column.le) != (None, None) else {}
    meta |= {"pattern": column.pattern} if column.pattern and column.pattern != UUID_PATTERN else {}
    meta |= {"pii": True} if field.name in table.pii else {}
    yield f"{indent}- name: {field.name}"
    yield f"{indent}  description: {_quoted(column.description)}"
    yield f"{indent}  data_type: {_quoted(column_types(table)[field.name])}"
    if meta:
        yield f"{indent}  config: {{meta: {_quoted(meta)}}}"


def _quoted(value: object) -> str:
    """A YAML scalar or flow value: JSON is one."""
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    SOURCES_FILE.write_text(source_yaml(TABLES))
    STAGING_FILE.write_text(staging_yaml(TABLES))
