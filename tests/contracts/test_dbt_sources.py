"""dbt's sources and staging columns are the contracts'; every model, column and test is described."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.dbt import SOURCES_FILE, STAGING_FILE, source_yaml, staging_sql, staging_yaml
from darkroom.contracts.ddl import column_types
from darkroom.contracts.table import Table

CHECKOUT = Path(__file__).parents[2]
PROJECT = CHECKOUT / "models_dbt"
BY_NAME = sorted(TABLES, key=lambda table: table.name)


@pytest.mark.parametrize(
    ("file", "made"),
    [(SOURCES_FILE, source_yaml(TABLES)), (STAGING_FILE, staging_yaml(TABLES))],
    ids=["sources", "staging"],
)
def test_the_file_is_what_the_contracts_make(file: Path, made: str) -> None:
    kept = (CHECKOUT / file).read_text()
    assert kept == made, "run `python -m darkroom.contracts.dbt`"


def test_the_source_names_every_table_column_and_type() -> None:
    (source,) = yaml.safe_load(source_yaml(TABLES))["sources"]
    assert [table["name"] for table in source["tables"]] == [table.name for table in BY_NAME]
    for described, table in zip(source["tables"], BY_NAME, strict=True):
        assert {c["name"]: c["data_type"] for c in described["columns"]} == column_types(table)
        assert described["config"]["meta"]["dagster"]["asset_key"] == [table.name]
        marked = {c["name"] for c in described["columns"] if c.get("config", {}).get("meta", {}).get("pii")}
        assert marked == set(table.pii)


def test_descriptions_survive_quoting() -> None:
    (source,) = yaml.safe_load(source_yaml(TABLES))["sources"]
    for described, table in zip(source["tables"], BY_NAME, strict=True):
        assert [c["description"] for c in described["columns"]] == [f.column.description for f in table.fields]


def _models() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for file in (PROJECT / "models").rglob("*.yml"):
        found |= {model["name"]: model for model in yaml.safe_load(file.read_text()).get("models", [])}
    return found


def test_every_model_and_every_column_is_described() -> None:
    described = _models()
    files = {file.stem for file in (PROJECT / "models").rglob("*.sql")}
    assert files == set(described)
    for name, model in described.items():
        assert model["description"].strip(), name
        assert model["columns"], name
        for column in model["columns"]:
            assert column["description"].strip(), f"{name}.{column['name']}"


def test_every_mart_is_typed_tested_and_exposed() -> None:
    marts = {file.stem for file in (PROJECT / "models/marts").glob("*.sql")}
    described = _models()
    exposures = yaml.safe_load((PROJECT / "models/exposures.yml").read_text())["exposures"]
    (endpoint,) = [each for each in exposures if each["name"] == "api_marts"]
    assert {f"ref('{mart}')" for mart in marts} == set(endpoint["depends_on"])
    for mart in marts:
        columns = described[mart]["columns"]
        assert all("data_type" in column for column in columns), mart
        tests = [str(test) for column in columns for test in column.get("data_tests", [])]
        tests += [str(test) for test in described[mart].get("data_tests", [])]
        assert any("unique" in test for test in tests), f"{mart} has no test of its grain"


def test_no_mart_shares_a_name_with_a_core_table() -> None:
    marts = {file.stem for file in (PROJECT / "models/marts").glob("*.sql")}
    assert not marts & {table.name for table in TABLES}


@pytest.mark.parametrize("table", BY_NAME, ids=lambda table: table.name)
def test_a_staging_view_that_is_not_written_by_hand_follows_from_the_contract(table: Table) -> None:
    kept = (PROJECT / f"models/staging/stg_{table.name}.sql").read_text()
    if table.name in ("publications", "published_files", "failures"):
        with pytest.raises(ValueError, match="by hand"):
            staging_sql(table)
    else:
        assert kept == staging_sql(table)


def test_every_table_has_a_staging_view_and_only_staging_reads_sources() -> None:
    staged = {file.stem.removeprefix("stg_") for file in (PROJECT / "models/staging").glob("*.sql")}
    assert staged == {table.name for table in TABLES}
    for folder in ("intermediate", "marts"):
        for file in (PROJECT / "models" / folder).glob("*.sql"):
            assert "source(" not in file.read_text(), f"{file.name} reads a source past staging"
