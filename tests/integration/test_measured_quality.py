"""What the documentation claims of duplicates and of phrases, measured on labelled files by the benches' own code."""

from pathlib import Path

import pytest

from bench import duplicates_quality
from bench.judged import papers
from bench.search_quality import found_by_phrase, phrases, shelf_of_papers
from darkroom.inference.providers.minilm import MiniLm

pytestmark = pytest.mark.testdata


def test_labelled_copies_are_found_and_no_two_pictures_are_merged(testdata: Path) -> None:
    found = duplicates_quality.labelled(testdata / "duplicates")
    assert found["merged_wrongly"] == []
    assert found["F"] >= 0.95, found["missed"]


@pytest.mark.long
def test_phrases_of_papers_are_found_among_the_first_ten(testdata: Path, tmp_path: Path) -> None:
    texts = papers()
    model = MiniLm()
    model.load()
    shelf = shelf_of_papers(tmp_path, list(texts), model)
    for of_words in (True, False):
        found = found_by_phrase(shelf, phrases(texts, of_words))
        assert found["phrases"] > 200
        assert found["recall@10"] >= 0.95, found
