"""Parsing filters: what is understood, and what is said about what is not."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.fields import FIELDS
from darkroom.domain.filters import (
    DEEPEST,
    LONGEST,
    MOST_CONDITIONS,
    And,
    Compare,
    Contains,
    During,
    FilterError,
    Has,
    HasWords,
    Not,
    Or,
    Present,
    StartsWith,
    parse,
)

at = datetime.fromisoformat


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", None),
        ("  \n ", None),
        ("rating >= 3", Compare("rating", ">=", 3.0)),
        ("rating>=3", Compare("rating", ">=", 3.0)),
        ("latitude < -33.5", Compare("latitude", "<", -33.5)),
        ("rating != 3", Not(Compare("rating", "=", 3.0))),
        ("date = 2019", During("taken_at", at("2019-01-01"), at("2020-01-01"))),
        ("year = 2019", During("taken_at", at("2019-01-01"), at("2020-01-01"))),
        ("year > 2019", During("taken_at", at("2020-01-01"), None)),
        ("taken_at <= 2019-12", During("taken_at", None, at("2020-01-01"))),
        ("taken_at < 2019-07-04", During("taken_at", None, at("2019-07-04"))),
        ('taken_at = "2019-07-04 18:30"', During("taken_at", at("2019-07-04T18:30"), at("2019-07-04T18:31"))),
        ("taken_at >= 2019-07-04T18:30:05", During("taken_at", at("2019-07-04T18:30:05"), None)),
        ("taken_at <= 9999", Present("taken_at")),
        ('camera.make = "Canon"', Compare("camera.make", "=", "canon")),
        ("camera.make = Can*", StartsWith("camera.make", "can")),
        ("lens:50MM", Contains("lens", "50mm")),
        ("media_type = image/*", StartsWith("media_type", "image/")),
        ('keywords:"Sun Set"', Has("keywords", "sun set")),
        ("keywords:sun*", Has("keywords", "sun", prefix=True)),
        ('text:"Große Straße*"', HasWords("text", ("grosse", "strasse"), prefix=True)),
        ("text:*", Present("text")),
        ("location:*", Present("location")),
        ("outputs.embeddings.visual = failed", Compare("outputs.embeddings.visual", "=", "failed")),
        ("path = '2019/it\\'s*'", StartsWith("path", "2019/it's")),
        ('title:"NOT AND OR"', HasWords("title", ("not", "and", "or"))),
        ("-rating = 1", Not(Compare("rating", "=", 1.0))),
        ("NOT NOT rating = 1", Not(Not(Compare("rating", "=", 1.0)))),
        ("rating=1 AND rating=2", And((Compare("rating", "=", 1.0), Compare("rating", "=", 2.0)))),
        (
            "rating=1 AND (rating=2 OR NOT rating=3)",
            And(
                (
                    Compare("rating", "=", 1.0),
                    Or((Compare("rating", "=", 2.0), Not(Compare("rating", "=", 3.0)))),
                )
            ),
        ),
    ],
)
def test_a_filter_is_understood(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("beach", 5, "expected one of = !="),
        ("rating >", 8, "expected a value"),
        ("(rating > 3", 11, "expected"),
        ("rating > 3 rating < 5", 11, "expected AND, OR"),
        ("rating=1 AND rating=2 OR rating=3", 22, "not expected"),
        ("colour = red", 0, "fields are camera.make"),
        ("rating = many", 9, "is no number"),
        ("rating = nan", 9, "is no number"),
        ("rating = 1e999", 9, "is no number"),
        ("rating : 3", 7, "rating >= 3"),
        ("keywords = beach", 9, "keywords:value"),
        ("location = 3", 9, "location:*"),
        ("taken_at = yesterday", 11, "2019-07-04T18:30:00"),
        ("taken_at = 2019-02-30", 11, "is no date"),
        ("taken_at = 2019-07-04T18:30:00Z", 11, "leave the zone out"),
        ("taken_at = 2019-07-04T18:30:00+02:00", 11, "leave the zone out"),
        ("year = 0", 7, "is no year"),
        ("year = 12345", 7, "is no year"),
        ("library_id = 7", 13, "is no UUID"),
        ("outputs.texts = great", 16, "done, failed"),
        ("camera.make = C*n", 14, "at the end only"),
        ('camera.make = ""', 14, "is empty"),
        ("text:❤️", 5, "has no words"),
        ('text:"open', 5, "not expected"),
        ("rating = 3\x00", 10, "no text can have"),
        ("rating = 3 AND", 14, "too early"),
    ],
)
def test_an_error_says_where_and_how_to_mend_it(text, position, said):
    with pytest.raises(FilterError) as raised:
        parse(text)
    assert raised.value.position == position
    assert raised.value.hint
    assert said in str(raised.value)


def test_size_is_bounded():
    with pytest.raises(FilterError, match="characters"):
        parse("rating=1 " * LONGEST)
    with pytest.raises(FilterError, match="conditions"):
        parse(" AND ".join(["rating=1"] * (MOST_CONDITIONS + 1)))
    with pytest.raises(FilterError, match="deeply"):
        parse("(" * (DEEPEST + 1) + "rating=1" + ")" * (DEEPEST + 1))
    with pytest.raises(FilterError, match="deeply"):
        parse("NOT " * 1000 + "rating=1")
    assert parse("(" * (DEEPEST - 1) + "rating=1" + ")" * (DEEPEST - 1)) == Compare("rating", "=", 1.0)
    assert isinstance(parse(" OR ".join(["rating=1"] * MOST_CONDITIONS)), Or)


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused_with_a_place_in_it(text):
    try:
        parse(text)
    except FilterError as error:
        assert 0 <= error.position <= len(text)
        assert error.hint


@given(
    st.lists(
        st.sampled_from(
            [*FIELDS, "year", "AND", "OR", "NOT", "(", ")", "=", ":", "<", "!=", "*", "-", "2019", "x", '"', "\\", "'"]
        ),
        max_size=12,
    )
)
def test_any_row_of_tokens_is_understood_or_refused(tokens):
    try:
        parse(" ".join(tokens))
    except FilterError as error:
        assert error.hint
