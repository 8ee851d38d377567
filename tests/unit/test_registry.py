"""The door for AI providers."""

import os
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from darkroom.inference import registry, weights
from darkroom.inference.providers.rapidocr import RapidOcr
from darkroom.inference.registry import ProviderUnknown, text_reader
from darkroom.inference.weights import WeightsMissing, digest, packaged
from darkroom.services.models import models
from darkroom.settings import InferenceSettings
from darkroom.testing.readers import FakeTextReader


@pytest.fixture
def install(monkeypatch):
    """Makes entry points look installed: `install(name="module:Class")`."""

    def install(**points: str) -> None:
        found = [EntryPoint(name, value, registry.TEXT_READERS) for name, value in points.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: found if group == registry.TEXT_READERS else [])

    return install


def test_the_built_in_reader_comes_through_the_entry_point():
    found = text_reader("rapidocr")
    assert found.make is RapidOcr
    assert re.fullmatch(r"[0-9a-f]{12}", found.version)


def test_a_plugin_comes_through_the_same_door(install):
    install(fake="darkroom.testing.readers:FakeTextReader")
    assert text_reader("fake").make is FakeTextReader


def test_an_unknown_reader_is_an_error_that_names_what_is_installed():
    with pytest.raises(ProviderUnknown, match=r"'surya' \(installed: .*rapidocr.*inference\.text_reader"):
        text_reader("surya")


def test_with_nothing_installed_the_error_says_so(install):
    install()
    with pytest.raises(ProviderUnknown, match="installed: none"):
        text_reader("rapidocr")


@pytest.mark.parametrize("value", ["no_such_module:Reader", "darkroom.testing.readers:NoSuchReader"])
def test_a_reader_that_cannot_be_imported_is_named_with_the_reason(install, value):
    install(broken=value)
    with pytest.raises(ProviderUnknown, match=r"'broken' .*cannot be loaded: .*(no_such_module|NoSuchReader)"):
        text_reader("broken")


def test_a_reader_under_another_name_is_refused_because_rows_would_lie_about_it(install):
    install(other="darkroom.testing.readers:FakeTextReader")
    with pytest.raises(ProviderUnknown, match="calls itself 'fake'"):
        text_reader("other")


@pytest.mark.parametrize(
    "change",
    [
        {"code_version": "2"},
        {"weights_digest": classmethod(lambda cls: "0" * 64)},
        {"parameters": classmethod(lambda cls: {"block": 9})},
    ],
    ids=["code", "weights", "parameters"],
)
def test_the_version_changes_with_whatever_could_change_the_output(install, monkeypatch, change):
    install(fake="darkroom.testing.readers:FakeTextReader")
    before = text_reader("fake").version
    assert text_reader("fake").version == before
    for name, value in change.items():
        monkeypatch.setattr(FakeTextReader, name, value)
    assert text_reader("fake").version != before


def test_a_missing_package_of_weights_says_what_to_install():
    with pytest.raises(WeightsMissing, match="no_such_package is not installed"):
        packaged("no_such_package", "model.onnx")


def test_a_package_without_its_weights_says_which_file_it_lacks():
    with pytest.raises(WeightsMissing, match=r"rapidocr lacks huge\.onnx"):
        packaged("rapidocr", "models/PP-OCRv6_det_small.onnx", "models/huge.onnx")


def test_weights_are_read_once_until_they_change(tmp_path, monkeypatch):
    file = tmp_path / "model.onnx"
    file.write_bytes(b"one")
    reads = []
    real = weights.hashlib.file_digest

    def counting(*args):
        reads.append(args)
        return real(*args)

    monkeypatch.setattr(weights.hashlib, "file_digest", counting)
    first = digest([file])
    assert digest([file]) == first
    assert len(reads) == 1
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert digest([file]) != first
    assert len(reads) == 2


def test_the_digest_depends_on_which_file_holds_what(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"one")
    b.write_bytes(b"two")
    before = digest([a, b])
    a.write_bytes(b"two!")
    b.write_bytes(b"one!")
    assert len({before, digest([a, b]), digest([b, a])}) == 3


def test_every_bundled_model_has_its_card():
    cards = [model.card for model in models(InferenceSettings())]
    assert None not in cards and len(cards) >= 4
    missing = [card for card in cards if not (Path(__file__).parents[2] / card).is_file()]
    assert not missing
