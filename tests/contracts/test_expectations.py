"""Expectations follow from contracts: nothing a column promises is left out, and every change shows in review."""

import json
from dataclasses import asdict

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.table import Severity, Table
from darkroom.services import evidence, people
from quality.derive import element_row, expected, expected_inside, suite
from quality.engine import library
from quality.rules import DIMENSIONS, OBJECTS, OUTPUTS, rules

EVERY_TABLE = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


COMPANIONS = {
    *(OUTPUTS, OBJECTS, DIMENSIONS),
    *(evidence.DECISIONS, evidence.FILES),
    *(people.DECISIONS, people.PUBLISHED, people.BEFORE),
}


def _promises(fields: object, prefix: str = "") -> set[tuple[str, str]]:
    """(column, promise) pairs a contract makes, read from it without the derivation."""
    found = set()
    for field in fields:
        name, column = prefix + field.name, field.column
        found |= {(name, "not null")} if not field.nullable else set()
        found |= {(name, "bounds")} if column.ge is not None or column.le is not None else set()
        found |= {(name, "set")} if column.values else set()
        found |= {(name, "pattern")} if column.pattern else set()
    return found


KIND = {
    "ExpectColumnValuesToNotBeNull": "not null",
    "ExpectColumnValuesToBeBetween": "bounds",
    "ExpectColumnValuesToBeInSet": "set",
    "ExpectColumnValuesToMatchRegex": "pattern",
}


@EVERY_TABLE
def test_every_promise_of_a_column_is_expected_and_nothing_else(table: Table) -> None:
    promised = _promises(table.fields)
    derived = {(each.kwargs["column"], KIND[each.type]) for each in expected(table) if each.type in KIND}
    for field in table.fields:
        if row := element_row(field):
            inner = Table(name=field.name, row=row, grain="", primary_key=()).fields
            promised |= _promises(inner, f"{field.name}.")
            inside = expected_inside(table)[field.name]
            derived |= {(f"{field.name}.{each.kwargs['column']}", KIND[each.type]) for each in inside}
    assert derived == promised, f"missing {sorted(promised - derived)}, not promised {sorted(derived - promised)}"


@EVERY_TABLE
def test_the_primary_key_is_unique_and_the_columns_are_the_contracts(table: Table) -> None:
    shape, unique, *_ = expected(table)
    assert shape.kwargs["column_set"] == list(table.row.model_fields)
    assert tuple(unique.columns) == table.primary_key
    assert {shape.severity, unique.severity} == {Severity.BLOCK}


@EVERY_TABLE
def test_the_severity_of_a_column_is_the_severity_of_its_expectations(table: Table) -> None:
    severities = {field.name: field.column.severity for field in table.fields}
    for each in expected(table)[2:]:
        assert each.severity is severities[each.kwargs["column"]]


@EVERY_TABLE
def test_the_derived_suite_is_as_reviewed(table: Table, snapshot: SnapshotAssertion) -> None:
    derived = {table.name: expected(table), **expected_inside(table)}
    reviewed = {
        "columns": {name: [asdict(each) for each in expectations] for name, expectations in derived.items()},
        "rules": [{"sentence": r.sentence, "severity": r.severity, "needs": list(r.needs)} for r in rules(table)],
    }
    assert json.loads(json.dumps(reviewed)) == snapshot.use_extension(JSONSnapshotExtension)


def test_the_librarys_suite_says_what_the_plain_data_says() -> None:
    for table in TABLES:
        plain = expected(table)
        built = suite(table.name, plain).expectations
        for made, each in zip(built, plain, strict=True):
            assert isinstance(made, getattr(library().expectations, each.type))
            assert {name: getattr(made, name) for name in each.kwargs} == dict(each.kwargs)


def test_every_suite_is_named_like_a_table_and_every_rule_is_said_once() -> None:
    from pathlib import Path

    import quality.suites

    (folder,) = map(Path, quality.suites.__path__)
    names = {table.name for table in TABLES}
    assert {file.stem for file in folder.glob("*.py")} - {"__init__"} <= names
    for table in TABLES:
        sentences = [rule.sentence for rule in rules(table)]
        assert len(sentences) == len(set(sentences))
        assert set().union(*(set(rule.needs) for rule in rules(table))) <= names | COMPANIONS
