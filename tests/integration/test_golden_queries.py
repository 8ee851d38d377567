"""Golden queries on the sample library: all legs together are no worse than the best of them, and silence is kept."""

from datetime import datetime

import pytest

from darkroom.decoding.decoder import Decoder
from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.inference.providers.look import Look
from darkroom.inference.providers.minilm import MiniLm
from darkroom.inference.worker import decode
from darkroom.samples.documents import DOCUMENTS
from darkroom.samples.library import write_library
from darkroom.samples.pictures import PICTURES
from darkroom.samples.queries import QUERIES, UNANSWERABLE
from darkroom.services.documents import entry, known_of, meant
from darkroom.services.meanings import PictureLooks, meanings_of
from darkroom.services.relevance import HYBRID, Runs, runs
from darkroom.settings import DecodingSettings, InferenceSettings
from darkroom.stores.vectors import LanceVectors
from quality.relevance import Relevance, measured

LIBRARY = str(DEFAULT_LIBRARY)
TEXTS = {document.name: "\n".join(document.lines) for document in DOCUMENTS}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Golden queries asked of the samples as the line indexes them, but that every paper was read without a fault."""
    folder = tmp_path_factory.mktemp("samples")
    inference = InferenceSettings()
    meanings, looks = meanings_of(inference), PictureLooks(inference.image_embedder)
    index = LanceVectors(tmp_path_factory.mktemp("index") / "vectors")
    reader, seer = MiniLm(), Look()
    reader.load()
    seer.load()
    spaces = meanings.space, looks.space
    for space, model in zip(spaces, (reader, seer), strict=True):
        index.add_space(space, model.dimensions)
    entries = []
    with Decoder(DecodingSettings(workers=1)) as decoder:
        for path in write_library(folder):
            if "(1)" in path.name:
                continue  # a plain copy is the same photo
            modified = datetime.fromisoformat("2024-05-01T10:00:00+00:00")
            seen = decoder.submit(path.read_bytes(), file_name=path.name, modified_at=modified).result()
            photo = {"photo_id": path.name, "library_id": LIBRARY}
            text = {"text": TEXTS[path.name]} if path.name in TEXTS else None
            place = path.relative_to(folder).as_posix()
            display = next(one.data for one in seen.renditions if one.kind == "display")
            vectors = {
                spaces[0]: reader.embed([meant(known_of(photo, seen.metadata, text), [place])])[0].tolist(),
                spaces[1]: seer.embed([decode(display)])[0].tolist(),
            }
            entries.append(entry(photo, [{"path": place}], seen.metadata, text, vectors))
    index.upsert(entries)
    return runs(index, meanings, looks, LIBRARY, {one.photo_id: one.photo_id for one in entries})


@pytest.fixture(scope="module")
def found(asked: Runs) -> Relevance:
    return measured(asked)


def test_all_legs_together_are_no_worse_than_the_best_of_them(found: Relevance) -> None:
    best = max(value for leg, value in found.ndcg.items() if leg != HYBRID)
    assert found.ndcg[HYBRID] >= best + 0.05, found.ndcg
    assert found.ndcg[HYBRID] >= 0.85, found.by_query
    assert found.passed


def test_nothing_relevant_is_the_answer_where_nothing_is(found: Relevance, asked: Runs) -> None:
    assert found.silence == 1.0, {one.name: asked[HYBRID][one.name] for one in UNANSWERABLE}


def test_scores_are_between_0_and_1_and_never_rise(asked: Runs) -> None:
    for found in asked[HYBRID].values():
        scores = [score for _, score in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 < score <= 1 for score in scores)


def test_every_judgement_names_a_sample() -> None:
    names = {one.name for one in (*PICTURES, *DOCUMENTS)}
    for golden in QUERIES:
        assert golden.relevant.keys() <= names, golden
        assert golden.like in (None, *names)
        assert max(golden.relevant.values()) == 2
    assert len({one.name for one in (*QUERIES, *UNANSWERABLE)}) == len(QUERIES) + len(UNANSWERABLE)


def run(**by_leg: float) -> Relevance:
    return Relevance(by_leg, 1.0, {})


@pytest.mark.parametrize(
    ("ndcg", "passed"),
    [
        ({"words": 0.6, "meaning": 0.7, "hybrid": 0.85}, True),
        ({"words": 0.9, "meaning": 0.7, "hybrid": 0.85}, False),
        ({"words": 0.5, "meaning": 0.5, "hybrid": 0.7}, False),
    ],
)
def test_worse_than_the_best_leg_or_bad_does_not_pass(ndcg: dict[str, float], passed: bool) -> None:
    assert run(**ndcg).passed is passed
