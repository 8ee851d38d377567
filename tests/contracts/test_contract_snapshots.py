"""Every contract as it stands: a change of a table shows in review, whatever it was derived into."""

import pytest

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.ddl import create_table, current_view
from darkroom.contracts.table import Table


def described(table: Table) -> str:
    facts = [
        f"{table.name}: {table.description}",
        f"grain: {table.grain}",
        f"key: {', '.join(table.primary_key)}",
        f"owners: {', '.join(table.owners)}",
        f"pii: {', '.join(table.pii)}",
        f"output: {table.output}",
    ]
    columns = [f"{field.name}: {field.type} nullable={field.nullable} {field.column}" for field in table.fields]
    return "\n".join([*facts, "", *columns, "", create_table(table), "", current_view(table)])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_contract_is_as_reviewed(table, snapshot):
    assert described(table) == snapshot


def test_tables_have_names_of_their_own():
    names = [table.name for table in TABLES]
    assert sorted(names) == sorted(set(names))
