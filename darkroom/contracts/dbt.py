"""Contract → dbt: the lake's tables as sources, and the staging views that pass on what is published of them.

`python -m darkroom.contracts.dbt` rewrites both files of a checkout and adds the views that are lacking; drift tests
compare. Does not belong here: models, tests and marts (`models_dbt`), which are written by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.columns import UUID_PATTERN
from darkroom.contracts.ddl import column_types
from darkroom.contracts.files import PUBLISHED_FILES
from darkroom.contracts.operations import FAILURES, PUBLICATIONS
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

_SAID_BY_HAND = (PUBLICATIONS.name, PUBLISHED_FILES.name, FAILURES.name)
"""Tables whose staging view is more than the rule below."""


def source_yaml(tables: Sequence[Table]) -> str:
    """The dbt source with every table, column, description and type; each table is the asset of its name."""
    lines = [_HEADER + "version: 2", "", "sources:", f"  - name: {SOURCE}", f"    schema: {SOURCE}"]
    lines += ['    description: "Everything computed, one table per contract, append-only."', "    tables:"]
    for table in _sorted(tables):
        lines += [f"      - name: {table.name}", f"        description: {_quoted(_described(table))}"]
        lines += ["        config:", "          meta:", f"            dagster: {{asset_key: [{_quoted(table.name)}]}}"]
        lines += [f"            primary_key: [{', '.join(table.primary_key)}]"]
        lines += [f"            owners: [{', '.join(_quoted(owner) for owner in table.owners)}]", "        columns:"]
        lines += [line for field in table.fields for line in _column(table, field, " " * 10)]
    return "\n".join(lines) + "\n"


def staging_yaml(tables: Sequence[Table]) -> str:
    """One model per staging view: the contract's columns, and which publication made the row visible."""
    lines = [_HEADER + "version: 2", "", "models:"]
    for table in _sorted(tables):
        which = "Shown" if table.written_by == "generation" else "Published" if _is_published(table) else "All"
        described = f"{which} rows of {table.name}. {_described(table)}"
        lines += [f"  - name: stg_{table.name}", f"    description: {_quoted(described)}", "    columns:"]
        lines += [line for field in table.fields for line in _column(table, field, " " * 6)]
        for name, description, kind in _PUBLISHED if _is_published(table) else ():
            lines += [
                f"      - name: {name}",
                f"        description: {_quoted(description)}",
                f"        data_type: {kind}",
            ]
    return "\n".join(lines) + "\n"


def staging_sql(table: Table) -> str:
    """The staging view of a table whose rows a publication names or that was written before it; else of all rows.

    Raises `ValueError` for the tables whose views are written by hand.
    """
    if table.name in _SAID_BY_HAND:
        raise ValueError(f"stg_{table.name} is written by hand")
    if table.written_by == "generation":
        return f"{{{{ shown_rows('{table.name}') }}}}\n"
    if not _is_published(table):
        return f"select {table.name}.*\nfrom {{{{ source('{SOURCE}', '{table.name}') }}}} as {table.name}\n"
    if "attempt" not in table.row.model_fields:
        return f"{{{{ published_facts('{table.name}') }}}}\n"
    arguments = [f"'{table.name}'", f"output='{table.output}'" if table.output not in (None, table.name) else ""]
    arguments += ["versioned=false" if table.output is None else ""]
    return f"{{{{ published_rows({', '.join(filter(None, arguments))}) }}}}\n"


def _is_published(table: Table) -> bool:
    """Whether a publication decides if a row is visible: what a batch writes about one photo."""
    return "photo_id" in table.row.model_fields and table.written_by == "batch"


def _sorted(tables: Sequence[Table]) -> list[Table]:
    return sorted(tables, key=lambda table: table.name)


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
    for each in TABLES:
        if not (view := STAGING_FILE.with_name(f"stg_{each.name}.sql")).exists():
            view.write_text(staging_sql(each))
