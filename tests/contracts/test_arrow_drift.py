"""The Arrow schemas say what the contracts say."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, get_args, get_origin

import pyarrow as pa
import pytest
from pydantic import AwareDatetime, NaiveDatetime

from darkroom.contracts.arrow import arrow_schema, to_arrow
from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.metadata import METADATA
from darkroom.contracts.photos import PHOTOS
from darkroom.contracts.table import Column, Row, Table
from darkroom.contracts.texts import TEXTS
from darkroom.testing.rows import sample_row, sample_rows

SPELLING = {
    "string": str,
    "int64": int,
    "double": float,
    "bool": bool,
    "timestamp[us, tz=UTC]": AwareDatetime,
    "timestamp[us]": NaiveDatetime,
}


def said_by_contract(python):
    if get_origin(python) is list:
        return [said_by_contract(get_args(python)[0])]
    if isinstance(python, type) and issubclass(python, Row):
        nested = Table(name="nested", row=python, grain="", primary_key=())
        return {field.name: (said_by_contract(field.type), field.nullable) for field in nested.fields}
    return python


def said_by_arrow(arrow):
    if pa.types.is_list(arrow):
        return [said_by_arrow(arrow.value_type)]
    if pa.types.is_struct(arrow):
        return {field.name: (said_by_arrow(field.type), field.nullable) for field in arrow}
    return SPELLING[str(arrow)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_arrow_schema_says_what_the_contract_says(table):
    contract = [(field.name, said_by_contract(field.type), field.nullable) for field in table.fields]
    arrow = [(field.name, said_by_arrow(field.type), field.nullable) for field in arrow_schema(table)]
    assert arrow == contract, f"\ncontract: {contract}\narrow:    {arrow}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_rows_come_back_from_arrow_unchanged(table):
    rows = sample_rows(table, 9)
    assert [table.row(**values) for values in to_arrow(table, rows).to_pylist()] == rows


def test_no_rows_are_an_empty_table_with_all_columns():
    empty = to_arrow(TEXTS, [])
    assert (empty.num_rows, empty.schema) == (0, arrow_schema(TEXTS))


def test_an_instant_in_another_zone_becomes_the_same_instant_in_utc():
    row = sample_row(METADATA, 0, computed_at=datetime(2024, 7, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30))))
    assert to_arrow(METADATA, [row])["computed_at"][0].as_py() == datetime(2024, 7, 1, 6, 30, tzinfo=UTC)


def test_a_row_of_another_table_is_refused_by_name():
    with pytest.raises(TypeError, match="photos holds Photo, not PhotoText"):
        to_arrow(PHOTOS, sample_rows(TEXTS, 1))


def test_a_type_without_an_arrow_equivalent_is_refused_by_column():
    class Odd(Row):
        """A row with a column of no known type."""

        tags: Annotated[dict[str, str], Column("Not a column type.")]

    with pytest.raises(TypeError, match=r"odd\.tags: no Arrow type"):
        arrow_schema(Table(name="odd", row=Odd, grain="one", primary_key=("tags",)))
