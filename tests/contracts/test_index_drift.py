"""The index holds what the contracts ask for, and filters name nothing it does not hold."""

from typing import Annotated

import pytest

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.index import COMPOSED, IDENTITY, index_properties
from darkroom.contracts.table import Column, IndexAs, Row, Table
from darkroom.domain.fields import FIELDS, Kind
from darkroom.stores.state import schema as state
from darkroom.stores.vector_columns import DOCUMENT, schema, words_column

KINDS = {
    Kind.NAME: IndexAs.KEYWORD,
    Kind.NAMES: IndexAs.KEYWORD,
    Kind.WORDS: IndexAs.WORDS,
    Kind.NUMBER: IndexAs.NUMBER,
    Kind.PLACE: IndexAs.NUMBER,
    Kind.TIME: IndexAs.TIME,
}
TYPES = {IndexAs.KEYWORD: "string", IndexAs.NUMBER: "double", IndexAs.TIME: "timestamp[us]"}


def test_every_column_that_asks_to_be_indexed_is():
    asked = {
        (field.name, field.column.index)
        for table in TABLES
        for field in table.fields
        if field.column.index is not None and field.name not in IDENTITY
    }
    made = {(one.name, one.kind) for one in index_properties(TABLES) if one.origin != "composed"}
    assert made == asked


def test_the_vector_table_has_a_column_for_every_property_and_no_other():
    wanted = {"photo_id": "string", "library_id": "string", DOCUMENT: "string"}
    for one in index_properties(TABLES):
        if one.kind is IndexAs.WORDS:
            wanted[words_column(one.name)] = "string"
        else:
            wanted[one.name] = f"list<item: {TYPES[one.kind]}>" if one.many else TYPES[one.kind]
    assert {field.name: str(field.type) for field in schema()} == wanted


def test_the_properties_are_as_reviewed(snapshot):
    made = [f"{one.name} {one.kind}{' many' if one.many else ''} of {one.origin}" for one in index_properties(TABLES)]
    assert made == snapshot


def test_every_indexed_field_of_a_filter_is_a_property_of_its_kind():
    properties = {(one.name, one.kind): one for one in index_properties(TABLES)}
    for field in FIELDS.values():
        if field.indexed is not None and field.kind is not Kind.IDENTIFIER:
            assert properties[field.indexed, KINDS[field.kind]].many is (field.kind is Kind.NAMES)


def test_every_field_of_a_filter_is_a_serving_column():
    for field in FIELDS.values():
        if field.kind is not Kind.PATH:
            assert field.column in state.photos.c


def test_what_is_composed_of_several_fields_is_searched_by_words():
    searched = {made.name for made in index_properties(TABLES) if made.kind is IndexAs.WORDS}
    assert set(COMPOSED) < searched
    assert "text" in searched


class Twice(Row):
    """A row."""

    title: Annotated[str, Column("Again.", index=IndexAs.WORDS)]


def test_two_columns_may_not_ask_for_one_property():
    table = Table(name="twice", row=Twice, grain="row", primary_key=("title",))
    with pytest.raises(TypeError, match=r"twice\.title and metadata\.title"):
        index_properties([*TABLES, table])
