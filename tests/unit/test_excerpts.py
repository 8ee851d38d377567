"""Excerpts show the stretch of a text with the most of what was found."""

from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.excerpts import excerpt
from darkroom.domain.words import located, merged


def shown(text, *wanted, width=40):
    found = excerpt(text, merged(located(text, wanted)), width)
    return found.text, [found.text[start:end] for start, end in found.spans]


def test_a_short_text_is_shown_whole():
    assert shown("A harbour.", "harbour") == ("A harbour.", ["harbour"])


def test_a_long_text_is_cut_at_white_space_around_the_words():
    text = "lorem ipsum dolor sit amet " * 5 + "the harbour at dusk" + " consectetur adipiscing" * 5
    piece, marked = shown(text, "harbour", "dusk")
    assert marked == ["harbour", "dusk"]
    assert len(piece) <= 40
    assert f" {piece} " in text


def test_the_densest_stretch_is_shown():
    text = "harbour " + "x " * 60 + "harbour dusk ships " + "y " * 60 + "dusk"
    piece, marked = shown(text, "harbour", "dusk", "ships")
    assert marked == ["harbour", "dusk", "ships"]
    assert "x" in piece


def test_a_word_longer_than_the_excerpt_is_cut():
    piece, marked = shown("a " + "x" * 100, "x" * 100)
    assert len(piece) == 40
    assert len(marked) == 1


def test_without_words_the_beginning_is_shown():
    assert shown("one two three four five six seven eight nine ten", "zebra") == (
        "one two three four five six seven eight",
        [],
    )


@given(st.text("ab 東京\n", max_size=300), st.integers(5, 60))
def test_spans_lie_inside_and_mark_what_was_found(text, width):
    spans = merged(located(text, ("a", "ab", "東京", "b")))
    found = excerpt(text, spans, width)
    assert found.text in text
    assert len(found.text) <= width
    assert all(0 <= start < end <= len(found.text) for start, end in found.spans)
    assert bool(found.spans) == bool(spans)
