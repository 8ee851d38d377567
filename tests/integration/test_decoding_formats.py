"""Every real file there is goes through the sandbox, photos and hostile ones alike."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from darkroom.contracts.metadata import PhotoMetadata
from darkroom.contracts.operations import FAILURE_KINDS
from darkroom.decoding.decoder import Decoder
from darkroom.decoding.inspection import Inspection
from darkroom.domain.describe import COLUMNS
from darkroom.settings import DecodingSettings

pytestmark = pytest.mark.testdata

NOT_TAKEN = {"ICO"}
"""Formats the reference reader opens that are no photos."""


def labels(folder: Path) -> dict[str, dict[str, Any]]:
    with (folder / "MANIFEST.csv").open() as rows:
        return {row["file"]: json.loads(row["label"]) for row in csv.DictReader(rows)}


def inspect_all(folder: Path, names: list[str]) -> dict[str, Inspection]:
    with Decoder(DecodingSettings(workers=2)) as decoder:
        now = datetime.now(UTC)
        futures = {
            name: decoder.submit((folder / name).read_bytes(), file_name=name, modified_at=now) for name in names
        }
        return {name: future.result(300) for name, future in futures.items()}


@pytest.fixture(scope="module")
def formats(testdata: Path) -> dict[str, tuple[dict[str, Any], Inspection]]:
    known = labels(testdata / "formats")
    found = inspect_all(testdata / "formats", list(known))
    return {name: (known[name], found[name]) for name in known}


@pytest.fixture(scope="module")
def hostile(testdata: Path) -> dict[str, tuple[dict[str, Any], Inspection]]:
    known = labels(testdata / "hostile")
    found = inspect_all(testdata / "hostile", list(known))
    return {name: (known[name], found[name]) for name in known}


def test_every_readable_photo_yields_everything(formats: dict[str, tuple[dict[str, Any], Inspection]]) -> None:
    poor = {
        name: found.faults or found.reason
        for name, (label, found) in formats.items()
        if label["pillow"] == "ok" and (found.faults or len(found.renditions) != 2 or not found.fingerprint)
    }
    assert poor == {}
    assert sum(label["pillow"] == "ok" for label, _ in formats.values()) > 250


def test_sizes_and_frames_are_what_the_reference_reader_says(
    formats: dict[str, tuple[dict[str, Any], Inspection]],
) -> None:
    for name, (label, found) in formats.items():
        if label["pillow"] == "ok":
            assert [found.width, found.height] == label["pillow_size"], name
            # The reference reader counts the layers of a PSD file, which are one picture.
            assert found.frames == (1 if label["pillow_format"] == "PSD" else label["frames"]), name


def test_every_inspection_is_whole(
    formats: dict[str, tuple[dict[str, Any], Inspection]], hostile: dict[str, tuple[dict[str, Any], Inspection]]
) -> None:
    """A photo has each output or the reason why not; what is no photo has a reason and nothing else."""
    for name, (_, found) in (formats | hostile).items():
        if found.media_type is None:
            assert found.reason, name
            assert not (found.faults or found.renditions or found.metadata), name
            continue
        assert ("renditions" in found.faults) == (found.renditions == ()), name
        assert ("fingerprints" in found.faults) == (found.fingerprint is None), name
        assert ("metadata" in found.faults) == (set(found.metadata) != set(COLUMNS)), name
        assert all(fault.kind in FAILURE_KINDS and fault.reason for fault in found.faults.values()), name
        for made in found.renditions:
            Image.open(io.BytesIO(made.data)).load()
            assert max(made.width, made.height) <= {"display": 2048, "thumbnail": 256}[made.kind], name


def test_metadata_of_every_file_keeps_its_contract(
    formats: dict[str, tuple[dict[str, Any], Inspection]], hostile: dict[str, tuple[dict[str, Any], Inspection]]
) -> None:
    nobody = "d4e5c0de-0000-4000-8000-000000000001"
    provenance = {
        "photo_id": nobody,
        "library_id": nobody,
        "batch_id": nobody,
        "attempt": 1,
        "output_version": "0" * 12,
        "provider": "x",
        "computed_at": datetime.now(UTC),
    }
    for _, found in (formats | hostile).values():
        if found.metadata:
            PhotoMetadata.model_validate({**provenance, **found.metadata})


def test_hostile_files_cost_only_themselves(hostile: dict[str, tuple[dict[str, Any], Inspection]]) -> None:
    poor = {
        name: found.faults or found.reason
        for name, (label, found) in hostile.items()
        if label["pillow"] == "ok" and label["pillow_format"] not in NOT_TAKEN and not found.renditions
    }
    assert poor == {}
    ended = {name for name, (_, found) in hostile.items() for fault in found.faults.values() if fault.transient}
    assert ended == set()


def upright(inspection: Inspection) -> np.ndarray:
    display = next(made for made in inspection.renditions if made.kind == "display")
    return np.asarray(Image.open(io.BytesIO(display.data)).convert("L").resize((64, 64)), np.int16)


@pytest.mark.parametrize("pattern", [r"hopper_orientation_\d", r"Landscape_\d", r"Portrait_\d"])
def test_every_way_of_holding_the_camera_shows_the_same_picture(
    formats: dict[str, tuple[dict[str, Any], Inspection]], pattern: str
) -> None:
    group = {name: found for name, (_, found) in formats.items() if re.search(pattern, name)}
    assert len(group) >= 3
    assert len({found.orientation for found in group.values()}) > 1
    first = upright(next(iter(group.values())))
    for name, found in group.items():
        assert np.abs(upright(found) - first).mean() < 6, name


def test_a_heic_photo_is_turned_once(formats: dict[str, tuple[dict[str, Any], Inspection]]) -> None:
    """The container says how to turn it and the tags repeat it: 4032 x 3024 on the sensor, upright 3024 x 4032."""
    _, found = formats["metadata-extractor-images__exif-at-eof.heic"]
    assert (found.width, found.height, found.orientation) == (3024, 4032, 1)
    display = next(made for made in found.renditions if made.kind == "display")
    assert (display.width, display.height) == (1536, 2048)


def test_avif_rotation_and_mirror_give_the_same_picture(
    formats: dict[str, tuple[dict[str, Any], Inspection]],
) -> None:
    turned = [formats[f"Pillow__rot0mir{n}.avif"][1] for n in (0, 1)]
    assert {found.orientation for found in turned} == {2, 4}
    assert np.abs(upright(turned[0]) - upright(turned[1])).mean() < 12
