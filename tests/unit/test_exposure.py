"""Camera, lens and exposure: nonsense rejected, fractions reduced, the next tag used when the best is missing."""

import math

import pytest

from darkroom.domain.exposure import exposure
from darkroom.domain.tags import Ratio, Tags


def values(**exif: object) -> dict[str, object]:
    return {name: value for name, (value, _) in exposure(Tags(exif=exif)).items()}  # type: ignore[arg-type]


def test_a_camera_is_trimmed_of_spaces_and_nuls():
    assert values(Make=b"  NIKON CORPORATION  \0\0\0", Model=b"NIKON D70\0junk") == {
        "camera_make": "NIKON CORPORATION",
        "camera_model": "NIKON D70",
    }


@pytest.mark.parametrize("make", [b"", b"\0\0", b"   ", b"12345", b"0", b"---", b"unknown", b"1.0"])
def test_a_make_without_letters_is_rejected(make: bytes):
    assert values(Make=make) == {}


def test_a_model_may_be_a_number():
    assert values(Model=b"1000") == {"camera_model": "1000"}


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(Ratio(10, 500), 1 / 50), (Ratio(1, 50), 1 / 50), (Ratio(30, 1), 30.0), (Ratio(1, 2**32 - 1), 1 / (2**32 - 1))],
)
def test_an_exposure_is_reduced(ratio: Ratio, expected: float):
    assert values(ExposureTime=(ratio,)) == {"exposure_seconds": expected}


@pytest.mark.parametrize(
    "ratio", [Ratio(1, 0), Ratio(0, 0), Ratio(0, 1), Ratio(-1, 50), Ratio(2**32 - 1, 1), math.inf, math.nan]
)
def test_a_broken_exposure_is_left_out(ratio: Ratio | float):
    assert values(ExposureTime=(ratio,), FNumber=(Ratio(0, 0),), FocalLength=(Ratio(5, 0),)) == {}


def test_apex_values_stand_in_for_missing_ones():
    found = values(ShutterSpeedValue=(Ratio(6, 1),), ApertureValue=(Ratio(5, 1),))
    assert found == {"exposure_seconds": 1 / 64, "f_number": 5.7}
    assert values(ShutterSpeedValue=(Ratio(-(2**31), 1),), ApertureValue=(Ratio(2**32 - 1, 1),)) == {}


def test_the_first_sensitivity_of_an_array_that_is_not_zero_counts():
    assert values(PhotographicSensitivity=(0, 200)) == {"iso": 200}
    assert values(PhotographicSensitivity=(100, 100)) == {"iso": 100}
    assert values(PhotographicSensitivity=(0,)) == {}


def test_an_overflown_sensitivity_is_read_from_the_wider_tag():
    assert values(PhotographicSensitivity=(65535,), RecommendedExposureIndex=(102_400,)) == {"iso": 102_400}
    assert values(PhotographicSensitivity=(65535,)) == {"iso": 65_535}


@pytest.mark.parametrize(("bits", "fired"), [(0, False), (1, True), (0x10, False), (0x19, True), (0x20, False)])
def test_the_lowest_bit_says_whether_the_flash_fired(bits: int, fired: bool):
    assert values(Flash=(bits,)) == {"flash": fired}


def test_lens_and_focal_lengths():
    found = values(LensModel=b"EF50mm f/1.8", FocalLength=(Ratio(500, 10),), FocalLengthIn35mmFilm=(75,))
    assert found == {"lens": "EF50mm f/1.8", "focal_length_mm": 50.0, "focal_length_35mm": 75.0}
    assert values(LensModel=b"----", FocalLengthIn35mmFilm=(0,)) == {}


def test_xmp_fills_what_exif_lacks_and_says_so():
    xmp = {
        "tiff:Make": ("Other",),
        "tiff:Model": ("X100",),
        "aux:Lens": ("23mm",),
        "exif:ExposureTime": ("1/125",),
        "exif:FNumber": ("28/10",),
        "exif:ISOSpeedRatings": ("400",),
        "exif:FocalLength": ("bad",),
    }
    assert exposure(Tags(exif={"Make": b"FUJIFILM\0"}, xmp=xmp)) == {
        "camera_make": ("FUJIFILM", "exif"),
        "camera_model": ("X100", "xmp"),
        "lens": ("23mm", "xmp"),
        "exposure_seconds": (0.008, "xmp"),
        "f_number": (2.8, "xmp"),
        "iso": (400, "xmp"),
    }


def test_values_of_the_wrong_kind_are_left_out():
    assert values(Make=(1, 2), ExposureTime=b"1/50", Flash=(), PhotographicSensitivity=b"") == {}
