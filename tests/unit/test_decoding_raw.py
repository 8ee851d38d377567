"""Raw files: a preview when it is large enough, the sensor's values otherwise, upright either way."""

import numpy as np
import pytest
import rawpy
from PIL import Image

from darkroom.decoding import raw
from darkroom.decoding.faults import Undecodable, fault_of
from darkroom.decoding.raw import decode_raw
from darkroom.decoding.renditions import display_picture
from darkroom.domain.media import sniff
from darkroom.testing.raws import dng


def halves(picture: Image.Image) -> tuple[float, float]:
    """Mean of the left and of the right half."""
    grey = np.asarray(picture.convert("L"))
    return float(grey[:, : grey.shape[1] // 2].mean()), float(grey[:, grey.shape[1] // 2 :].mean())


def test_without_a_preview_the_sensor_is_developed_at_half_size() -> None:
    data = dng(320, 200)
    assert sniff(data) == "image/x-adobe-dng"
    found = decode_raw(memoryview(data))
    assert (found.width, found.height, found.orientation, found.frames) == (320, 200, 1, 1)
    assert found.image.size == (160, 100)
    left, right = halves(found.image)
    assert left > right + 60


def test_a_camera_held_upright_gives_an_upright_picture() -> None:
    found = decode_raw(memoryview(dng(320, 200, orientation=6)))
    assert (found.width, found.height, found.orientation) == (320, 200, 6)
    display = display_picture(found)
    assert display.size == (100, 160)
    top, bottom = halves(display.transpose(Image.Transpose.ROTATE_90))
    assert top > bottom + 60


def test_a_large_preview_is_preferred_and_a_small_one_is_not() -> None:
    orange = Image.new("RGB", (1200, 750), (255, 140, 0))
    found = decode_raw(memoryview(dng(320, 200, preview=orange)))
    assert found.image.size == (1200, 750)
    assert (found.width, found.height) == (320, 200)
    small = decode_raw(memoryview(dng(320, 200, preview=orange.resize((160, 100)))))
    assert small.image.size == (160, 100)
    assert halves(small.image)[0] > halves(small.image)[1] + 60


def test_a_preview_the_camera_turned_already_is_not_turned_again() -> None:
    tall = Image.new("RGB", (750, 1200), (255, 140, 0))
    found = decode_raw(memoryview(dng(320, 200, orientation=6, preview=tall)))
    assert found.orientation == 1
    assert display_picture(found).size == (750, 1200)
    flat = decode_raw(memoryview(dng(320, 200, orientation=6, preview=tall.resize((1200, 750)))))
    assert display_picture(flat).size == (750, 1200)


def test_a_truncated_raw_file_is_corrupt() -> None:
    data = dng(320, 200)
    directory_kept = data[:8] + data[8 + 64_000 :]
    with pytest.raises(rawpy.LibRawError) as caught:
        decode_raw(memoryview(data[:-200]))
    assert fault_of(caught.value).kind == "corrupt"
    with pytest.raises(Exception) as caught_again:
        decode_raw(memoryview(directory_kept))
    assert fault_of(caught_again.value).kind in ("corrupt", "unsupported")


def test_what_only_looks_like_a_raw_file_is_unsupported() -> None:
    with pytest.raises(Undecodable) as caught:
        decode_raw(memoryview(b"FUJIFILMCCD-RAW 0201FF392201" + b"\0" * 1000))
    assert caught.value.kind == "unsupported"


def test_a_sensor_with_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 320 * 200 - 1)
    with pytest.raises(Undecodable) as caught:
        decode_raw(memoryview(dng(320, 200)))
    assert caught.value.kind == "too_large"


def test_a_library_out_of_memory_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise rawpy.LibRawUnsufficientMemoryError(b"out of memory")

    monkeypatch.setattr(raw.rawpy, "imread", refuse)
    with pytest.raises(MemoryError):
        decode_raw(memoryview(dng(8, 8)))
