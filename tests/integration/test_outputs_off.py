"""Outputs of models are switched off and on by a setting, for every library or for one."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, delete, insert, select

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.libraries import switch_outputs
from darkroom.settings import Settings
from darkroom.stores.state import outputs, schema


def off(engine: Engine, library: UUID = DEFAULT_LIBRARY) -> frozenset[str]:
    with engine.connect() as connection:
        return outputs.outputs_off(connection, library)


@pytest.mark.parametrize(
    ("variable", "meant"), [(None, None), ("", set()), ("texts", {"texts"}), (" texts , faces,", {"texts", "faces"})]
)
def test_the_setting_is_a_list_of_names(monkeypatch: pytest.MonkeyPatch, variable: str | None, meant: set[str] | None):
    monkeypatch.delenv("DARKROOM_OUTPUTS_OFF", raising=False)
    if variable is not None:
        monkeypatch.setenv("DARKROOM_OUTPUTS_OFF", variable)
    assert Settings().outputs_off == meant


@pytest.mark.parametrize("spelt", ["photos", "Photos"])
def test_a_library_has_a_setting_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spelt: str):
    monkeypatch.setenv("DARKROOM_HOME", str(tmp_path))
    if spelt == "photos":
        monkeypatch.setenv("DARKROOM_LIBRARIES__PHOTOS__OUTPUTS_OFF", "texts,faces")
    else:
        (tmp_path / "settings.toml").write_text('[libraries.Photos]\noutputs_off = ["texts", "faces"]\n')
    assert Settings().libraries[spelt].outputs_off == {"texts", "faces"}


@pytest.fixture
def receipts(state: Engine) -> Iterator[UUID]:
    """A second library, called Receipts."""
    receipts = uuid4()
    owner = select(schema.users.c.id).limit(1).scalar_subquery()
    with state.begin() as connection:
        connection.execute(insert(schema.libraries).values(id=receipts, owner_id=owner, name="Receipts"))
    yield receipts
    with state.begin() as connection:
        connection.execute(delete(schema.libraries).where(schema.libraries.c.id == receipts))


def test_a_library_with_a_setting_of_its_own_follows_that_and_the_others_what_is_set_for_all(
    state: Engine, receipts: UUID
):
    switch_outputs(state, frozenset({"texts"}), {"receipts": {"faces"}})
    assert (off(state), off(state, receipts)) == ({"texts"}, {"faces"})
    switch_outputs(state, None, {"Receipts": set()})
    assert (off(state), off(state, receipts)) == ({"texts"}, frozenset())


def test_a_library_that_does_not_exist_is_refused_and_those_there_are_are_named(state: Engine, receipts: UUID):
    with pytest.raises(ValueError, match="no library called so; there are: Photos, Receipts"):
        switch_outputs(state, frozenset({"texts"}), {"cellar": {"faces"}})
    assert off(state) == frozenset()


def test_libraries_keep_what_they_were_told_until_the_setting_says_otherwise(state: Engine):
    switch_outputs(state, frozenset({"texts"}), {})
    switch_outputs(state, None, {})
    assert off(state) == {"texts"}
    switch_outputs(state, frozenset(), {})
    assert off(state) == frozenset()


def test_only_outputs_of_models_can_be_switched_off(state: Engine):
    with pytest.raises(ValueError, match=r"names metadata; what can be switched off: embeddings.document, .*, texts"):
        switch_outputs(state, frozenset({"texts", "metadata"}), {})
    assert off(state) == frozenset()
