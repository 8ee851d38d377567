"""Golden queries on the sample library: together no worse than each leg where it can answer, and silence is kept."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import Engine, select

from assets.partitions import BATCHES
from darkroom.decoding.decoder import Decoder
from darkroom.domain.identity import DEFAULT_LIBRARY, photo_id
from darkroom.inference.providers.look import Look
from darkroom.inference.providers.minilm import MiniLm
from darkroom.inference.worker import decode
from darkroom.samples.documents import DOCUMENTS
from darkroom.samples.library import write_library
from darkroom.samples.pictures import PICTURES
from darkroom.samples.queries import QUERIES, UNANSWERABLE
from darkroom.services.documents import entry, known_of, meant
from darkroom.services.meanings import PictureLooks, meanings_of
from darkroom.services.platform import Platform
from darkroom.services.relevance import HYBRID, Runs, runs
from darkroom.settings import DecodingSettings, InferenceSettings, Settings
from darkroom.stores.state import schema
from darkroom.stores.vectors import LanceVectors
from darkroom.testing.serving import add_file, add_source, publish_photo
from quality.relevance import Relevance, build_relevance_check, measured

LIBRARY = str(DEFAULT_LIBRARY)
TEXTS = {document.name: "\n".join(document.lines) for document in DOCUMENTS}


FLOWER, COPY = "photos/flower.jpg", "photos/flower (1).jpg"
"""A sample and its plain copy: the same photo."""


@dataclass
class Library:
    """The samples in an index, and where the file of each photo lies."""

    index: LanceVectors
    places: dict[str, str]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The samples as the line indexes them, but that every paper was read without a fault."""
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
    entries, places = [], {}
    with Decoder(DecodingSettings(workers=1)) as decoder:
        for path in write_library(folder):
            place = path.relative_to(folder).as_posix()
            if place == COPY:
                continue
            modified = datetime.fromisoformat("2024-05-01T10:00:00+00:00")
            seen = decoder.submit(path.read_bytes(), file_name=path.name, modified_at=modified).result()
            known = str(photo_id(DEFAULT_LIBRARY, hashlib.sha256(place.encode()).hexdigest()))
            places[known] = place
            photo = {"photo_id": known, "library_id": LIBRARY}
            text = {"text": TEXTS[path.name]} if path.name in TEXTS else None
            display = next(one.data for one in seen.renditions if one.kind == "display")
            vectors = {
                spaces[0]: reader.embed([meant(known_of(photo, seen.metadata, text), [place])])[0].tolist(),
                spaces[1]: seer.embed([decode(display)])[0].tolist(),
            }
            entries.append(entry(photo, [{"path": place}], seen.metadata, text, vectors))
    index.upsert(entries)
    return Library(index, places)


@pytest.fixture(scope="module")
def asked(library: Library) -> Runs:
    """Golden queries asked of the samples."""
    inference = InferenceSettings()
    names = {photo: Path(place).name for photo, place in library.places.items()}
    return runs(library.index, meanings_of(inference), PictureLooks(inference.image_embedder), LIBRARY, names)


@pytest.fixture(scope="module")
def found(asked: Runs) -> Relevance:
    return measured(asked)


def test_all_legs_together_are_no_worse_than_each_leg_where_it_can_answer(found: Relevance) -> None:
    assert found.together["words"] >= found.ndcg["words"] + 0.05, found
    assert found.together["meaning"] >= found.ndcg["meaning"] + 0.05, found
    assert found.together["look"] >= found.ndcg["look"], found
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


@pytest.fixture
def published(library: Library, state: Engine, tmp_path: Path) -> Platform:
    """A platform that has published the samples, all but the plain copy."""
    platform = Platform(Settings(home=tmp_path))
    vars(platform).update(state=state, vectors=library.index)
    with state.begin() as connection:
        source = add_source(connection, DEFAULT_LIBRARY, "/samples")
        for photo, place in library.places.items():
            assert str(publish_photo(connection, place, source_id=source)) == photo
    return platform


@pytest.fixture
def samples(published: Platform) -> Platform:
    """A platform that has published every sample."""
    with published.state.begin() as connection:
        file = (
            connection.execute(select(schema.photo_files).where(schema.photo_files.c.path == FLOWER)).mappings().one()
        )
        add_file(connection, file, file["source_id"], COPY)
    return published


def told(platform: Platform) -> tuple[bool, dict[str, object]]:
    """What the check of golden queries says of a platform: whether it passed, and its metadata."""
    result = build_relevance_check(BATCHES)(platform=platform)
    assert isinstance(result, dg.AssetCheckResult)
    assert result.severity is dg.AssetCheckSeverity.WARN
    return result.passed, {name: one.value for name, one in result.metadata.items()}


def test_the_check_asks_a_platform_that_holds_the_samples_and_tells_what_each_leg_found(
    samples: Platform, found: Relevance
) -> None:
    passed, metadata = told(samples)
    assert (passed, metadata["asked"]) == (True, True)
    figures = {name: value for name, value in metadata.items() if name.startswith("nDCG@10 ")}
    legs = {f"nDCG@10 {leg}": pytest.approx(value, abs=1e-4) for leg, value in found.ndcg.items()}
    legs |= {f"nDCG@10 hybrid where {leg}": pytest.approx(one, abs=1e-4) for leg, one in found.together.items()}
    assert set(found.ndcg) == {*found.together, HYBRID} == {"words", "meaning", "look", HYBRID}
    assert figures == {**legs, "nDCG@10 by query": figures["nDCG@10 by query"]}
    assert metadata["unanswerable queries that found nothing"] == 1.0


def test_the_check_does_not_pass_when_all_legs_together_are_worse_than_the_best(
    samples: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("darkroom.services.relevance.LEGS", ("look",))
    passed, metadata = told(samples)
    assert (passed, metadata["asked"]) == (False, True)
    assert metadata["nDCG@10 hybrid"] < metadata["nDCG@10 words"]


def test_the_check_has_nothing_to_say_of_a_platform_that_lacks_a_sample(published: Platform) -> None:
    assert told(published) == (True, {"asked": False})


def run(silence: float = 1.0, together: float = 0.9, **by_leg: float) -> Relevance:
    return Relevance(by_leg, {"words": together, "meaning": together}, silence, {})


def test_an_answer_where_nothing_is_relevant_does_not_pass() -> None:
    good = {"words": 0.6, "meaning": 0.7, "hybrid": 0.9}
    assert run(**good).passed
    assert not run(silence=0.875, **good).passed


@pytest.mark.parametrize(
    ("told", "passed"),
    [
        ({"words": 0.6, "meaning": 0.7, "hybrid": 0.85}, True),
        ({"words": 0.6, "meaning": 0.7, "hybrid": 0.85, "together": 0.65}, False),
        ({"words": 0.9, "meaning": 0.7, "hybrid": 0.85, "together": 0.85}, False),
        ({"words": 0.5, "meaning": 0.5, "hybrid": 0.7}, False),
    ],
)
def test_worse_than_a_leg_where_it_can_answer_or_bad_does_not_pass(told: dict[str, float], passed: bool) -> None:
    assert run(**told).passed is passed
