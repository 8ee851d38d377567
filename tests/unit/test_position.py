"""Positions: what is real, what is unset, what is broken."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.position import Position, offset_of_instant, offsets_at, position
from darkroom.domain.tags import Ratio, Tags


def dms(degrees: int, minutes: int = 0, seconds: int = 0) -> tuple[Ratio, ...]:
    return Ratio(degrees, 1), Ratio(minutes, 1), Ratio(seconds, 1)


def gps(latitude: object, north: bytes, longitude: object, east: bytes, **more: object) -> Tags:
    return Tags(
        exif={
            "GPSLatitude": latitude,
            "GPSLatitudeRef": north,
            "GPSLongitude": longitude,
            "GPSLongitudeRef": east,
            **more,
        }
    )  # type: ignore[arg-type]


def test_degrees_minutes_and_seconds_make_signed_degrees():
    found = position(gps(dms(33, 51, 36), b"S\0", dms(151, 12, 36), b"E\0"))
    assert found is not None
    assert found.latitude == pytest.approx(-33.86)
    assert found.longitude == pytest.approx(151.21)
    assert (found.altitude_m, found.source) == (None, "exif")


def test_nothing_at_nought_nought_because_it_means_unset():
    assert position(gps(dms(0), b"N", dms(0), b"E")) is None


def test_the_equator_and_the_meridian_are_real():
    equator = position(gps(dms(0), b"N", dms(32, 30), b"E"))
    meridian = position(gps(dms(51, 28), b"N", dms(0), b"W"))
    assert equator is not None and (equator.latitude, equator.longitude) == (0.0, 32.5)
    assert meridian is not None and meridian.longitude == 0.0
    assert math.copysign(1, meridian.longitude) == 1


@pytest.mark.parametrize(
    "broken",
    [
        gps(b"", b"", b"", b""),
        gps((), b"N", (), b"E"),
        gps(dms(10), b"", dms(10), b"E"),
        gps(dms(10), b"N", dms(10), b"\0"),
        gps(dms(10), b"E", dms(10), b"N"),
        gps((Ratio(0, 0),) * 3, b"N", (Ratio(0, 0),) * 3, b"E"),
        gps((Ratio(10, 1), Ratio(5, 0), Ratio(0, 1)), b"N", dms(10), b"E"),
        gps((math.nan, 0.0, 0.0), b"N", dms(10), b"E"),
        gps((math.inf,), b"N", dms(10), b"E"),
        gps(dms(91), b"N", dms(10), b"E"),
        gps(dms(10), b"N", dms(181), b"E"),
        gps(dms(10, 99), b"N", dms(10), b"E"),
        Tags(exif={"GPSLatitude": dms(10), "GPSLatitudeRef": b"N"}),
        Tags(),
    ],
)
def test_a_broken_position_is_none(broken: Tags):
    assert position(broken) is None


def test_decimal_degrees_with_empty_minutes_are_understood():
    found = position(gps((Ratio(105, 10), Ratio(0, 0), Ratio(0, 0)), b"n", (10.25,), b"West\0"))
    assert found is not None and (found.latitude, found.longitude) == (10.5, -10.25)


@pytest.mark.parametrize(("reference", "expected"), [((0,), 12.5), ((1,), -12.5), ((3,), -12.5), ((), 12.5)])
def test_the_altitude_reference_says_above_or_below(reference: tuple[int, ...], expected: float):
    found = position(gps(dms(10), b"N", dms(10), b"E", GPSAltitude=(Ratio(25, 2),), GPSAltitudeRef=reference))
    assert found is not None and found.altitude_m == expected


@pytest.mark.parametrize("noise", [Ratio(1, 0), Ratio(0, 0), Ratio(2**32 - 1, 1)])
def test_an_impossible_altitude_leaves_the_position(noise: Ratio):
    found = position(gps(dms(10), b"N", dms(10), b"E", GPSAltitude=(noise,)))
    assert found == Position(10.0, 10.0, None, "exif")


def test_xmp_positions_win_in_each_of_their_forms():
    exif = gps(dms(10), b"N", dms(10), b"E").exif
    for latitude, longitude in (("39,54.6S", "116,24W"), ("39,54,36S", "116,24,0W"), ("39.91s", "116.4w")):
        xmp = {"exif:GPSLatitude": (latitude,), "exif:GPSLongitude": (longitude,), "exif:GPSAltitude": ("500/10",)}
        found = position(Tags(exif=exif, xmp=xmp))
        assert found is not None and found.source == "xmp"
        assert (found.latitude, found.longitude) == pytest.approx((-39.91, -116.4))
        assert found.altitude_m == 50
    unset = {"exif:GPSLatitude": ("0,0.0N",), "exif:GPSLongitude": ("0,0.0E",)}
    assert position(Tags(exif=exif, xmp=unset)) == Position(10.0, 10.0, None, "exif")
    assert position(Tags(xmp={"exif:GPSLatitude": ("",), "exif:GPSLongitude": ("nonsense",)})) is None


def test_a_zone_knows_its_offset_by_wall_time_and_by_instant():
    kathmandu = Position(27.7, 85.3, None, "exif")
    assert offsets_at(kathmandu, datetime(2020, 1, 1)) == (345,)  # noqa: DTZ001
    assert offset_of_instant(kathmandu, datetime(2020, 1, 1, tzinfo=UTC)) == 345
    assert offsets_at(Position(52.5, 13.4, None, "exif"), datetime(2019, 10, 27, 2, 30)) == (120, 60)  # noqa: DTZ001


@given(st.integers(0, 89), st.integers(0, 59), st.integers(0, 5999), st.sampled_from("NS"))
def test_every_coordinate_survives_its_three_ratios(degrees: int, minutes: int, hundredths: int, letter: str):
    latitude = (Ratio(degrees, 1), Ratio(minutes, 1), Ratio(hundredths, 100))
    found = position(gps(latitude, letter.encode(), dms(7), b"E"))
    exact = degrees + minutes / 60 + hundredths / 360_000
    assert found is not None and found.latitude == pytest.approx(-exact if letter == "S" else exact)


numbers = st.one_of(
    st.builds(Ratio, st.integers(-(2**31), 2**32 - 1), st.integers(-(2**31), 2**32 - 1)),
    st.floats(),
    st.integers(0, 400),
)


@given(
    st.lists(numbers, max_size=4), st.lists(numbers, max_size=4), st.binary(max_size=3), st.lists(numbers, max_size=2)
)
def test_any_numbers_make_a_position_on_earth_or_none(latitude: list, longitude: list, north: bytes, altitude: list):
    found = position(gps(tuple(latitude), b"N" + north, tuple(longitude), b"E", GPSAltitude=tuple(altitude)))
    if found is not None:
        assert -90 <= found.latitude <= 90 and -180 <= found.longitude <= 180
        assert (found.latitude, found.longitude) != (0, 0)
        assert found.altitude_m is None or math.isfinite(found.altitude_m)
