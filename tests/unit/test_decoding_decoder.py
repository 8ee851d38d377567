"""The sandbox from outside: one bad file costs only itself, whatever it does to its worker."""

import hashlib
import io
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from darkroom.contracts.fingerprints import Fingerprint
from darkroom.contracts.metadata import PhotoMetadata
from darkroom.contracts.operations import FAILURE_KINDS
from darkroom.contracts.renditions import Rendition
from darkroom.decoding.decoder import Decoder, outputs_of_intake
from darkroom.decoding.inspection import Fault, Inspection, RenditionBytes, from_wire, to_wire
from darkroom.domain.outputs import INTAKE_OUTPUTS
from darkroom.settings import DecodingSettings
from darkroom.workers.pool import PoolClosed

WHEN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
PROVENANCE = {
    "photo_id": "d4e5c0de-0000-4000-8000-000000000001",
    "library_id": "d4e5c0de-0000-4000-8000-000000000001",
    "batch_id": "d4e5c0de-0000-4000-8000-000000000001",
    "attempt": 1,
    "output_version": "0" * 12,
    "provider": "x",
    "computed_at": WHEN,
}
MISBEHAVING = """
import os, signal

class Inspector:
    def __init__(self, config): pass

    def handle(self, task, blobs):
        what = task["file_name"]
        if what == "hang": signal.pause()
        if what == "madness": return {"faults": 1, "metadata": [], "renditions": 0}, []
        if what == "nonsense": return {"faults": {}}, []
        if what == "memory": raise MemoryError
        if what == "bug": raise KeyError("x")
        if what == "leave": os._exit(1)
        os.kill(os.getpid(), getattr(signal, what))
"""


def jpeg(width: int = 64, height: int = 48, *, orientation: int = 1, seed: int = 0) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8769)[0x9003] = "2021:02:03 04:05:06"
    exif.get_ifd(0x8769)[0x9011] = "+02:00"
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def png_bomb(width: int, height: int, rows: int | None = None) -> bytes:
    """A small file that claims a black picture and holds as many of its rows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + width * 3)
    body = b"".join(packer.compress(row) for _ in range(height if rows is None else rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def inspect(decoder: Decoder, data: bytes, name: str = "a.jpg") -> Inspection:
    return decoder.submit(data, file_name=name, modified_at=WHEN).result(120)


@pytest.fixture(scope="module")
def decoder():
    with Decoder(DecodingSettings(workers=1)) as decoder:
        yield decoder


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "misbehaving_inspector.py").write_text(MISBEHAVING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("darkroom.decoding.decoder.INSPECTOR", "misbehaving_inspector:Inspector")
    with Decoder(DecodingSettings(workers=1, seconds=0.5)) as decoder:
        yield decoder


def test_a_photo_yields_rows_that_keep_their_contracts(decoder: Decoder) -> None:
    found = inspect(decoder, jpeg(400, 300, orientation=6))
    assert (found.media_type, found.width, found.height, found.orientation) == ("image/jpeg", 400, 300, 6)
    assert found.frames == 1
    assert found.faults == {}
    metadata = PhotoMetadata.model_validate({**PROVENANCE, **found.metadata})
    assert metadata.taken_local == datetime.fromisoformat("2021-02-03T04:05:06")
    assert metadata.taken_utc == datetime(2021, 2, 3, 2, 5, 6, tzinfo=UTC)
    assert {one.field for one in metadata.sources} >= {"taken_local", "taken_utc"}
    fingerprint = Fingerprint.model_validate({**PROVENANCE, **(found.fingerprint or {})})
    assert fingerprint.pixel_digest == found.pixel_digest
    assert [(one.kind, one.width, one.height) for one in found.renditions] == [
        ("thumbnail", 192, 256),
        ("display", 300, 400),
    ]
    for made in found.renditions:
        assert Image.open(io.BytesIO(made.data)).size == (made.width, made.height)
        facts = {name: getattr(made, name) for name in ("kind", "sha256", "media_type", "width", "height")}
        Rendition.model_validate({**PROVENANCE, **facts, "size_bytes": len(made.data)})
        assert made.sha256 == hashlib.sha256(made.data).hexdigest()


def test_the_same_bytes_give_the_same_inspection(decoder: Decoder) -> None:
    assert inspect(decoder, jpeg()) == inspect(decoder, jpeg())


def test_what_is_no_photo_is_said_without_a_fault(decoder: Decoder) -> None:
    for data, words in ((b"", "empty"), (b"\0\0\0\x18ftypmp42", "a video"), (b"hello", "in no photo format we know")):
        found = inspect(decoder, data)
        assert found == Inspection(None, reason=f"it is {words}")


def test_a_photo_with_broken_pixels_keeps_its_type_and_metadata(decoder: Decoder) -> None:
    data = jpeg(800, 600)
    found = inspect(decoder, data[: len(data) // 2])
    assert found.media_type == "image/jpeg"
    assert set(found.faults) == {"renditions", "fingerprints"}
    assert {fault.kind for fault in found.faults.values()} == {"corrupt"}
    assert not any(fault.transient for fault in found.faults.values())
    assert found.metadata["taken_local"] == datetime.fromisoformat("2021-02-03T04:05:06")
    assert (found.width, found.pixel_digest, found.fingerprint, found.renditions) == (None, None, None, ())


def test_a_head_without_a_body_is_a_photo_that_cannot_be_decoded(decoder: Decoder) -> None:
    found = inspect(decoder, b"\xff\xd8\xff\xe0")
    assert found.media_type == "image/jpeg"
    assert found.faults["renditions"].kind == "corrupt"


def test_bombs_and_giants_are_too_large_and_the_next_file_is_fine() -> None:
    settings = DecodingSettings(workers=1, max_pixels=200_000_000, memory_bytes=512 * 1024**2, max_file_bytes=5_000_000)
    with Decoder(settings) as decoder:
        assert inspect(decoder, png_bomb(60_000, 60_000, rows=1)).faults["renditions"].kind == "too_large"
        over_pixels = inspect(decoder, png_bomb(20_000, 10_001))
        assert over_pixels.faults["renditions"].kind == "too_large"
        over_memory = inspect(decoder, png_bomb(16_000, 10_000))
        assert over_memory.media_type == "image/png"
        assert over_memory.faults["renditions"].kind == "too_large"
        over_bytes = inspect(decoder, jpeg() + b"\0" * 5_000_000)
        assert over_bytes.media_type == "image/jpeg"
        assert {fault.kind for fault in over_bytes.faults.values()} == {"too_large"}
        assert inspect(decoder, jpeg()).faults == {}


def test_a_real_picture_that_takes_too_long_is_a_timeout() -> None:
    with Decoder(DecodingSettings(workers=1, seconds=0.05)) as decoder:
        found = inspect(decoder, png_bomb(12_000, 8_000))
        assert found.media_type == "image/png"
        assert found.faults == dict.fromkeys(INTAKE_OUTPUTS, Fault("timeout", "decoding took longer than 0.05 s", True))


@pytest.mark.parametrize(
    ("what", "kind", "transient"),
    [
        ("hang", "timeout", True),
        ("SIGSEGV", "crashed", False),
        ("SIGABRT", "crashed", False),
        ("SIGKILL", "crashed", True),
        ("leave", "error", True),
        ("memory", "too_large", False),
        ("bug", "error", False),
        ("nonsense", "error", False),
        ("madness", "error", False),
    ],
)
def test_a_misbehaving_decoder_costs_its_own_photo_every_output(
    misbehaving: Decoder, what: str, kind: str, transient: bool
) -> None:
    found = inspect(misbehaving, jpeg(), what)
    assert found.media_type == "image/jpeg"
    assert set(found.faults) == set(INTAKE_OUTPUTS)
    assert {(fault.kind, fault.transient) for fault in found.faults.values()} == {(kind, transient)}
    assert kind in FAILURE_KINDS
    assert all(fault.reason for fault in found.faults.values())


def test_a_closed_decoder_says_so() -> None:
    decoder = Decoder(DecodingSettings(workers=1))
    waiting = decoder.submit(png_bomb(8000, 8000), file_name="a.png", modified_at=WHEN)
    decoder.close()
    with pytest.raises(PoolClosed):
        waiting.result(30)
    with pytest.raises(PoolClosed):
        decoder.submit(jpeg(), file_name="a.jpg", modified_at=WHEN)


def test_many_photos_at_once_get_their_own_answers() -> None:
    photos = [jpeg(60 + n, 40, seed=n) for n in range(30)]
    with Decoder(DecodingSettings(workers=2)) as decoder:
        futures = [decoder.submit(data, file_name="a.jpg", modified_at=WHEN) for data in photos]
        assert [future.result(60).width for future in futures] == [60 + n for n in range(30)]
        assert len({future.result().pixel_digest for future in futures}) == 30


def test_an_inspection_survives_the_wire() -> None:
    made = Inspection(
        "image/jpeg",
        width=2,
        height=1,
        metadata={
            "taken_local": datetime.fromisoformat("2020-01-02T00:00:00"),
            "taken_utc": WHEN,
            "keywords": ["ü"],
            "sources": [],
        },
        renditions=(RenditionBytes("display", "image/jpeg", 2, 1, b"x"),),
        faults={"fingerprints": Fault("error", "why", True)},
    )
    header, blobs = to_wire(made)
    assert from_wire(header, blobs) == made


def test_each_output_of_intake_has_a_recipe() -> None:
    recipes = outputs_of_intake()
    assert tuple(recipes) == INTAKE_OUTPUTS
    assert all(recipe.provider and recipe.code_version for recipe in recipes.values())
    assert recipes["renditions"].parameters["display_edge"] == 2048
