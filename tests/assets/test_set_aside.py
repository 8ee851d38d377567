"""Vectors that cannot be compared: their photos are set aside by the gate, and the rest of the batch is published."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import select

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.sdk.tasks import TextEmbedder, Vectors
from darkroom.services.platform import Platform
from darkroom.stores.state import schema
from darkroom.testing.sources import register

REASON = "vectors are finite, of length 1 and of the size their model declares"


class Odd:
    """An embedder whose vectors are spoilt on their way out."""

    def __init__(self, embedder: TextEmbedder, spoilt: Callable[[str, Vectors], Vectors]) -> None:
        self._embedder, self._spoilt = embedder, spoilt

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._spoilt(texts[0], self._embedder.embed(texts))


@pytest.fixture
def imported(
    platform: Platform, samples: Path, tmp_path: Path, import_source
) -> Callable[..., dg.AssetCheckEvaluation]:
    """Imports samples with an embedder of texts that spoils vectors; returns what the gate of these said."""

    def run(spoilt: Callable[[str, Vectors], Vectors], *names: str) -> dg.AssetCheckEvaluation:
        vars(platform)["meanings"] = Odd(platform.meanings, spoilt)
        (tmp_path / "photos").mkdir()
        for name in names:
            shutil.copy(samples / name, tmp_path / "photos")
        [result] = import_source(register(platform.state, tmp_path / "photos"))
        assert result.success
        checks = {one.asset_key.to_user_string(): one for one in result.get_asset_check_evaluations()}
        return checks["embeddings_document"]

    return run


def published(platform: Platform) -> set[str]:
    with platform.state.connect() as connection:
        return set(connection.execute(select(schema.photo_files.c.path)).scalars())


def set_aside(platform: Platform) -> dict[str, str]:
    """Why photos were set aside, by id."""
    table = schema.failures
    asked = select(table.c.photo_id, table.c.reason).where(table.c.kind == "quarantined")
    with platform.state.connect() as connection:
        return {str(photo): reason for photo, reason in connection.execute(asked).tuples()}


def test_the_only_photo_of_a_batch_with_a_vector_of_another_size_than_declared_is_stopped_and_named(
    platform: Platform, imported
):
    def halved(_: str, vectors: Vectors) -> Vectors:
        short = vectors[:, : vectors.shape[1] // 2]
        return short / np.linalg.norm(short, axis=1, keepdims=True)

    told = imported(halved, "photos/coins.png")
    [(photo, reason)] = set_aside(platform).items()
    assert reason == REASON
    assert told.metadata["set aside"].value == {photo: REASON}
    assert photo in told.metadata["what is wrong"].value
    assert published(platform) == set()


def test_a_vector_no_index_can_hold_costs_only_its_own_photo(platform: Platform, imported):
    def without_a_direction_for_coins(text: str, vectors: Vectors) -> Vectors:
        return vectors * np.nan if "coins" in text.lower() else vectors

    imported(without_a_direction_for_coins, "photos/coins.png", "photos/coffee.jpg")
    assert list(set_aside(platform).values()) == [REASON]
    assert published(platform) == {"coffee.jpg"}
    assert len(set(platform.vectors.photo_ids([str(DEFAULT_LIBRARY)]))) == 1
