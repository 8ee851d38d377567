"""The normaliser: one rule for what is indexed and what is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.words import adjacent, fold, is_unspaced, located, merged, normalise, query_words, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße", "STRASSE"),
        ("straẞe", "strasse"),
        ("Crème Brûlée", "creme brulee"),
        ("Cre\u0300me", "crème"),
        ("Ångström", "angstrom"),
        ("İstanbul", "istanbul"),
        ("Łódź", "lodz"),
        ("Ærø", "aero"),
        ("Œuvre", "oeuvre"),
        ("ﬁre", "fire"),
        ("２０１９", "2019"),
        ("ΑΣΦΑΛΕΙΑΣ", "ασφαλειας"),
        ("Ёлка", "елка"),
        ("ｶﾞﾗｽ", "ガラス"),
        ("한국", "한국"),
    ],
)
def test_spellings_of_one_word_fold_to_the_same(one, other):
    assert fold(one) == fold(other)
    assert normalise(one) == normalise(other)


def test_voicing_marks_are_no_accents():
    assert fold("が") != fold("か")
    assert fold("ガラス") != fold("カラス")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Who", "the who"),
        ("IMG_2019-07.JPG", "img 2019 07 jpg"),
        ("l'été", "l ete"),
        ("東京都", "東 京 都 東京 京都"),
        ("猫", "猫"),
        ("iPhone東京2", "iphone 東 京 東京 2"),
        ("a\u200bb …—“x”", "a b x"),
        ("🎂 ❤️", ""),
        ("نص، كلمة؟", "نص كلمة"),
        ("नमस्ते", "नमस्ते"),
        ("x\ud800y", "x y"),
        ("", ""),
    ],
)
def test_a_text_becomes_words(text, expected):
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the the who", ("the", "who")),
        ("東京都", ("東京", "京都")),
        ("東", ("東",)),
        ("", ()),
        ("!?", ()),
    ],
)
def test_a_query_asks_for_pairs_and_repeats_nothing(text, expected):
    assert query_words(text) == expected


def test_highlights_are_places_in_the_original():
    text = "Die STRAẞE, Cre\u0300me ﬁre 東京都!"
    marked = [text[start:end] for start, end in merged(located(text, query_words("strasse creme fire 京都")))]
    assert marked == ["STRAẞE", "Cre\u0300me", "ﬁre", "京都"]


def test_touching_highlights_are_one():
    assert merged(located("東京都", ("東京", "京都"))) == [(0, 3)]


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_normalised_words_are_their_own_words(text):
    made = [word.text for word in words(text) if not is_unspaced(word.text)]
    for word in made:
        assert normalise(word) == word


@given(st.text())
def test_whatever_is_asked_of_a_text_is_in_its_index(text):
    assert set(query_words(text)) <= set(normalise(text).split(" "))


@given(st.text())
def test_every_word_has_a_place_in_the_text(text):
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
        assert " " not in word.text


@given(st.text(), st.text())
def test_highlights_are_sorted_and_apart(text, asked):
    spans = merged(located(text, query_words(asked)))
    flat = [edge for span in spans for edge in span]
    assert flat == sorted(set(flat))


@pytest.mark.parametrize(
    ("asked", "text", "share"),
    [
        ("lemon cake", "a lemon cake", 1.0),
        ("lemon cake", "cake of lemon", 0.0),
        ("lemon cake", "watermelon cakes", 0.0),
        ("sweet lemon cake", "lemon cake, sweet lemon", 1.0),
        ("sweet lemon cake", "a lemon cake", 0.5),
        ("Straße 12", "HAUPTSTRASSE, STRASSE: 12", 1.0),
        ("北京天", "我爱北京天安门", 1.0),
        ("서울 여행", "서울 여행", 1.0),
        ("2019 京都", "2019 京都", 1.0),
        ("京都 2019", "京都 2019", 1.0),
        ("京都 2019", "2019 京都", 0.0),
        ("東 京都", "東 京都", 1.0),
        ("day by day sale", "day by day sale", 0.5),
        ("lemon", "lemon", 0.0),
        ("", "lemon", 0.0),
        ("lemon cake", "", 0.0),
    ],
)
def test_words_stand_together_as_they_were_asked(asked, text, share):
    assert adjacent(query_words(asked), normalise(text)) == share
