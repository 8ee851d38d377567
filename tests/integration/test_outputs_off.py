"""Outputs of models are switched off and on by a setting, for every library."""

import pytest
from sqlalchemy import Engine

from darkroom.domain.identity import DEFAULT_LIBRARY
from darkroom.services.libraries import switch_outputs
from darkroom.settings import Settings
from darkroom.stores.state import outputs


def off(engine: Engine) -> frozenset[str]:
    with engine.connect() as connection:
        return outputs.outputs_off(connection, DEFAULT_LIBRARY)


@pytest.mark.parametrize(
    ("variable", "meant"), [(None, None), ("", set()), ("texts", {"texts"}), (" texts , faces,", {"texts", "faces"})]
)
def test_the_setting_is_a_list_of_names(monkeypatch: pytest.MonkeyPatch, variable: str | None, meant: set[str] | None):
    monkeypatch.delenv("DARKROOM_OUTPUTS_OFF", raising=False)
    if variable is not None:
        monkeypatch.setenv("DARKROOM_OUTPUTS_OFF", variable)
    assert Settings().outputs_off == meant


def test_libraries_keep_what_they_were_told_until_the_setting_says_otherwise(state: Engine):
    switch_outputs(state, frozenset({"texts"}))
    switch_outputs(state, None)
    assert off(state) == {"texts"}
    switch_outputs(state, frozenset())
    assert off(state) == frozenset()


def test_only_outputs_of_models_can_be_switched_off(state: Engine):
    with pytest.raises(ValueError, match=r"metadata; what can be switched off: embeddings.document, .*, texts"):
        switch_outputs(state, frozenset({"texts", "metadata"}))
    assert off(state) == frozenset()
