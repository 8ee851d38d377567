"""An asset's column metadata says what the contract says."""

import pytest

from assets.columns import column_schema
from darkroom.contracts.arrow import arrow_schema
from darkroom.contracts.catalogue import TABLES, table
from darkroom.contracts.table import Table

EVERY_TABLE = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@EVERY_TABLE
def test_columns_nullability_and_descriptions_are_the_contracts(table: Table) -> None:
    columns = column_schema(table).columns
    arrow = arrow_schema(table)
    assert [column.name for column in columns] == arrow.names
    for column, field in zip(columns, table.fields, strict=True):
        assert column.constraints.nullable == arrow.field(column.name).nullable
        assert (column.description or "").startswith(field.column.description)
        assert ("pii" in column.tags) == (column.name in table.pii)


def test_bounds_sets_units_and_nested_rows_are_said() -> None:
    by_name = {column.name: column for column in column_schema(table("texts")).columns}
    assert by_name["score"].constraints.other == [">= 0", "<= 1"]
    assert by_name["lines"].type.startswith("list<struct<text string, score float64")
    assert (by_name["rotation"].description or "").endswith("[°]")
    kinds = {column.name: column for column in column_schema(table("renditions")).columns}["kind"]
    assert kinds.constraints.other == ["one of thumbnail, display"]


def test_a_type_without_a_name_is_an_error_that_names_the_column() -> None:
    from typing import Annotated

    from darkroom.contracts.table import Column, Row

    class Odd(Row):
        """Odd."""

        value: Annotated[complex, Column("Complex.")]

    with pytest.raises(TypeError, match=r"odd\.value"):
        column_schema(Table(name="odd", row=Odd, grain="", primary_key=("value",)))
