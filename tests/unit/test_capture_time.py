"""The order of trust among a photo's dates, and where its offset comes from."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import tzfpy
from hypothesis import assume, given
from hypothesis import strategies as st

from darkroom.domain.capture_time import CaptureTime, capture_time
from darkroom.domain.name_dates import date_in_name
from darkroom.domain.position import Position
from darkroom.domain.tags import Ratio, Tags
from darkroom.domain.timestamps import Timestamp, is_plausible, parse_offset, parse_timestamp

MODIFIED = datetime(2025, 6, 1, 12, tzinfo=UTC)
BERLIN = Position(52.52, 13.4, None, "exif")
TOKYO = Position(35.68, 139.76, None, "exif")


def local(*parts: int) -> datetime:
    return datetime(*parts)  # noqa: DTZ001


def tags(iptc: dict[str, str] | None = None, xmp: dict[str, str] | None = None, **exif: str | tuple) -> Tags:
    return Tags(
        exif={name: value.encode() if isinstance(value, str) else value for name, value in exif.items()},
        xmp={name: (value,) for name, value in (xmp or {}).items()},
        iptc={name: (value,) for name, value in (iptc or {}).items()},
    )


def gps_clock(at: datetime) -> dict[str, str | tuple]:
    time = (Ratio(at.hour, 1), Ratio(at.minute, 1), Ratio(at.second, 1))
    return {"GPSDateStamp": at.strftime("%Y:%m:%d"), "GPSTimeStamp": time}


def taken(of: Tags, place: Position | None = None, name: str = "a.jpg") -> CaptureTime:
    found = capture_time(of, place, name, MODIFIED)
    assert found is not None
    return found


def test_without_offset_and_position_the_time_stays_naive_and_its_zone_unknown():
    found = taken(tags(DateTimeOriginal="2019:07:04 12:34:56"))
    assert found.local == local(2019, 7, 4, 12, 34, 56)
    assert (found.offset_minutes, found.utc, found.offset_source) == (None, None, None)
    assert (found.rule, found.source) == ("EXIF:DateTimeOriginal", "exif")


def test_the_original_offset_wins_over_the_one_that_belongs_to_the_modification():
    found = taken(
        tags(
            DateTimeOriginal="2019:07:04 12:00:00",
            OffsetTimeOriginal="+09:00",
            ModifyDate="2019:07:05 08:00:00",
            OffsetTime="+02:00",
        )
    )
    assert found.offset_minutes == 540
    assert found.utc == datetime(2019, 7, 4, 3, tzinfo=UTC)


def test_the_modification_offset_alone_says_nothing_about_the_original():
    edited = tags(DateTimeOriginal="2019:07:04 12:00:00", ModifyDate="2019:07:05 08:00:00", OffsetTime="+02:00")
    alone = tags(DateTimeOriginal="2019:07:04 12:00:00", OffsetTime="+02:00")
    assert taken(edited).offset_minutes is None
    assert taken(alone).offset_minutes is None


def test_the_modification_offset_counts_when_both_dates_are_the_same_moment():
    same = tags(DateTimeOriginal="2019:07:04 12:00:00", ModifyDate="2019:07:04 12:00:00", OffsetTime="+00:00")
    assert taken(same).offset_minutes == 0


def test_an_explicit_zero_offset_is_a_zone():
    found = taken(tags(DateTimeOriginal="2019:07:04 12:00:00", OffsetTimeOriginal="+00:00"), TOKYO)
    assert (found.offset_minutes, found.utc) == (0, datetime(2019, 7, 4, 12, tzinfo=UTC))


@pytest.mark.parametrize("blank", ["", "   :  ", "+", "abc", "+15:00", "+05:99"])
def test_an_offset_that_is_none_leaves_the_zone_to_the_position(blank: str):
    found = taken(tags(DateTimeOriginal="2019:07:04 12:00:00", OffsetTimeOriginal=blank), BERLIN)
    assert (found.offset_minutes, found.offset_source) == (120, "location")


def test_an_offset_in_the_file_wins_over_the_position():
    found = taken(tags(DateTimeOriginal="2019:07:04 12:00:00", OffsetTimeOriginal="-04:00"), BERLIN)
    assert (found.offset_minutes, found.offset_source) == (-240, "exif")


def test_the_position_gives_summer_and_winter_time():
    assert taken(tags(DateTimeOriginal="2019:07:04 12:00:00"), BERLIN).offset_minutes == 120
    assert taken(tags(DateTimeOriginal="2019:01:04 12:00:00"), BERLIN).offset_minutes == 60


def test_in_the_hour_a_clock_shows_twice_the_satellites_decide():
    twice = "2019:10:27 02:30:00"
    second = gps_clock(datetime(2019, 10, 27, 1, 30, tzinfo=UTC))
    assert taken(tags(DateTimeOriginal=twice), BERLIN).offset_minutes == 120
    assert taken(tags(DateTimeOriginal=twice, **second), BERLIN).offset_minutes == 60


def test_the_hour_a_clock_skips_has_the_offset_before_the_change():
    found = taken(tags(DateTimeOriginal="2019:03:31 02:30:00"), BERLIN)
    assert (found.local, found.offset_minutes) == (local(2019, 3, 31, 2, 30), 60)


def test_the_gps_clock_infers_the_offset_in_quarters_of_an_hour():
    kathmandu = gps_clock(datetime(2019, 7, 4, 6, 14, 20, tzinfo=UTC))
    found = taken(tags(DateTimeOriginal="2019:07:04 12:00:00", **kathmandu))
    assert (found.offset_minutes, found.offset_source, found.rule) == (345, "exif", "EXIF:DateTimeOriginal")


def test_a_gps_clock_further_than_any_zone_is_ignored():
    stale = gps_clock(datetime(2019, 7, 3, 12, tzinfo=UTC))
    assert taken(tags(DateTimeOriginal="2019:07:04 12:00:00", **stale)).offset_minutes is None


def test_the_gps_clock_is_the_date_when_there_is_no_other():
    clock = gps_clock(datetime(2019, 7, 4, 22, 30, tzinfo=UTC))
    there = taken(tags(**clock), TOKYO)
    assert (there.local, there.offset_minutes, there.rule) == (local(2019, 7, 5, 7, 30), 540, "EXIF:GPSTimeStamp")
    nowhere = taken(tags(**clock), None)
    assert (nowhere.local, nowhere.offset_minutes) == (local(2019, 7, 4, 22, 30), 0)


@pytest.mark.parametrize(
    "time",
    [
        (Ratio(25, 1), Ratio(0, 1), Ratio(0, 1)),
        (Ratio(1, 0), Ratio(0, 0), Ratio(0, 0)),
        (Ratio(1, 1),),
        (),
        (float("nan"), 0.0, 0.0),
    ],
)
def test_a_broken_gps_clock_is_none(time: tuple):
    assert taken(tags(GPSDateStamp="2019:07:04", GPSTimeStamp=time)).rule == "file time"


def test_the_chain_goes_from_original_to_file_time():
    exif = {
        "DateTimeOriginal": "2001:01:01 01:00:00",
        "DateTimeDigitized": "2004:01:01 01:00:00",
        "ModifyDate": "2006:01:01 01:00:00",
        **gps_clock(datetime(2008, 1, 1, 1, tzinfo=UTC)),
    }
    xmp = {
        "exif:DateTimeOriginal": "2002-01-01T01:00:00",
        "xmp:CreateDate": "2005-01-01T01:00:00",
        "xmp:ModifyDate": "2007-01-01T01:00:00",
    }
    iptc = {"DateCreated": "20030101", "TimeCreated": "010000"}
    named = {"name": "IMG_20090101_010000.jpg"}
    seen = []
    best_first = ("DateTimeOriginal", "exif:DateTimeOriginal", "DateCreated", "DateTimeDigitized", "xmp:CreateDate")
    for gone in (*best_first, "ModifyDate", "xmp:ModifyDate", "GPSDateStamp", "name", "nothing"):
        found = taken(tags(iptc=iptc, xmp=xmp, **exif), None, named.get("name", "a.jpg"))
        seen.append((found.local.year, found.source))
        for group in (exif, xmp, iptc, named):
            group.pop(gone, None)
    assert seen == [
        (2001, "exif"),
        (2002, "xmp"),
        (2003, "iptc"),
        (2004, "exif"),
        (2005, "xmp"),
        (2006, "exif"),
        (2007, "xmp"),
        (2008, "exif"),
        (2009, "name"),
        (2025, "estimate"),
    ]


def test_the_file_time_is_an_estimate_told_in_utc():
    found = taken(Tags())
    assert found == CaptureTime(local(2025, 6, 1, 12), 0, MODIFIED, "file time", "estimate", "estimate")


def test_a_photo_without_any_date_stays_undated():
    for useless in (
        datetime(1970, 1, 1, 3, tzinfo=UTC),
        datetime(2107, 12, 31, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
    ):
        assert capture_time(Tags(), None, "a.jpg", useless) is None


def test_a_modification_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        capture_time(Tags(), None, "a.jpg", local(2025, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "0000:00:00 00:00:00",
        "    :  :     :  :  ",
        "1970:01:01 00:00:00",
        "1904:01:01 00:00:00",
        "2094:01:01 10:00:00",
        "9999:12:31 23:59:59",
        "2019:13:01 00:00:00",
        "2019:02:30 10:00:00",
        "2019:02:03 25:00:00",
        "1601:01:01 00:00:00",
        "",
        "garbage",
        "1234567890",
        "2019 was warm",
    ],
)
def test_what_is_no_date_falls_through_to_the_next(text: str):
    found = taken(tags(DateTimeOriginal=text, DateTimeDigitized="2010:02:03 04:05:06"))
    assert found.rule == "EXIF:DateTimeDigitized"


@pytest.mark.parametrize(
    ("text", "expected", "has_time"),
    [
        ("2022:09:02 14:28:", local(2022, 9, 2, 14, 28), True),
        ("2022:09:02 14:", local(2022, 9, 2, 14), True),
        ("2022:09:02 14:  :  ", local(2022, 9, 2, 14), True),
        ("2022:09:02", local(2022, 9, 2), False),
        ("2022:09:  ", local(2022, 9, 1), False),
        ("2022-09", local(2022, 9, 1), False),
        ("2022", local(2022, 1, 1), False),
        ("2022:9:2 4:05:06", local(2022, 9, 2, 4, 5, 6), True),
        ("20220902T142805", local(2022, 9, 2, 14, 28, 5), True),
        ("2022-09-02 14:28:60", local(2022, 9, 2, 14, 28, 59), True),
    ],
)
def test_truncated_values_keep_what_they_have(text: str, expected: datetime, has_time: bool):
    assert parse_timestamp(text) == Timestamp(expected, None, has_time)


def test_a_day_without_hours_has_no_zone_and_borrows_the_hours_of_the_same_day():
    day = tags(xmp={"photoshop:DateCreated": "2019-07-04"})
    assert taken(day, BERLIN).offset_minutes is None
    both = tags(xmp={"photoshop:DateCreated": "2019-07-04"}, DateTimeDigitized="2019:07:04 12:00:00")
    assert taken(both).local == local(2019, 7, 4, 12)
    other = tags(xmp={"photoshop:DateCreated": "2019-07-04"}, DateTimeDigitized="2020:07:04 12:00:00")
    assert taken(other).local == local(2019, 7, 4)


def test_sub_seconds_order_bursts():
    first = taken(tags(DateTimeOriginal="2019:07:04 12:00:00", SubSecTimeOriginal="07"))
    second = taken(tags(DateTimeOriginal="2019:07:04 12:00:00", SubSecTimeOriginal="123456789"))
    assert (first.local.microsecond, second.local.microsecond) == (70_000, 123_456)
    assert taken(tags(DateTimeOriginal="2019:07:04 12:00:00", SubSecTimeOriginal="x ")).local.microsecond == 0


def test_an_iptc_time_without_a_date_is_no_date():
    assert taken(tags(iptc={"TimeCreated": "123456+0200"})).rule == "file time"


def test_iptc_dates_may_know_the_zone_the_month_or_the_year_only():
    whole = taken(tags(iptc={"DateCreated": "20190704", "TimeCreated": "123456+0200"}))
    assert (whole.local, whole.offset_minutes) == (local(2019, 7, 4, 12, 34, 56), 120)
    assert taken(tags(iptc={"DateCreated": "20190700"})).local == local(2019, 7, 1)
    assert taken(tags(iptc={"DateCreated": "20190000"})).local == local(2019, 1, 1)
    midnight = taken(tags(iptc={"DateCreated": "20190704", "TimeCreated": "000000+0000"}))
    assert (midnight.local, midnight.offset_minutes) == (local(2019, 7, 4), None)


def test_an_xmp_mirror_of_the_same_moment_lends_its_offset_but_not_a_bare_utc():
    exif = {"DateTimeOriginal": "2019:07:04 12:00:00"}
    zoned = taken(tags(xmp={"photoshop:DateCreated": "2019-07-04T12:00:00+02:00"}, **exif))
    assert (zoned.offset_minutes, zoned.offset_source, zoned.source) == (120, "xmp", "exif")
    bare = taken(tags(xmp={"photoshop:DateCreated": "2019-07-04T12:00:00Z"}, **exif))
    assert bare.offset_minutes is None
    alone = taken(tags(xmp={"photoshop:DateCreated": "2019-07-04T12:00:00Z"}))
    assert alone.offset_minutes == 0


@pytest.mark.parametrize(
    ("name", "expected", "has_time"),
    [
        ("IMG_20190704_123456.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("IMG_20190704_123456789.jpg", local(2019, 7, 4, 12, 34, 56, 789_000), True),
        ("IMG_20190704_123456_1.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("IMG20190704123456.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("MVIMG_20190704_123456~2.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("Screenshot_20200115-123456.png", local(2020, 1, 15, 12, 34, 56), True),
        ("Screenshot_2020-01-15-12-34-56.png", local(2020, 1, 15, 12, 34, 56), True),
        ("Screenshot_20200115-123456_Maps.png", local(2020, 1, 15, 12, 34, 56), True),
        ("Screen Shot 2020-01-15 at 1.34.56 PM.png", local(2020, 1, 15, 13, 34, 56), True),
        ("Screenshot 2020-01-15 at 12.34.56 AM.png", local(2020, 1, 15, 0, 34, 56), True),
        ("IMG-20190704-WA0001.jpg", local(2019, 7, 4), False),
        ("WhatsApp Image 2019-07-04 at 12.34.56.jpeg", local(2019, 7, 4, 12, 34, 56), True),
        ("WhatsApp Bild 2019-07-04 um 12.34.56.jpeg", local(2019, 7, 4, 12, 34, 56), True),
        ("signal-2020-01-15-123456.jpg", local(2020, 1, 15, 12, 34, 56), True),
        ("signal-2020-01-15-12-34-56-789.jpg", local(2020, 1, 15, 12, 34, 56, 789_000), True),
        ("photo_2019-07-04_12-34-56.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("2019-07-04 12.34.56.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("2019-07-04T12:34:56.jpg", local(2019, 7, 4, 12, 34, 56), True),
        ("1962-08-30 wedding.jpg", local(1962, 8, 30), False),
        ("holiday/2001-02-03/2019-07-04.jpg", local(2019, 7, 4), False),
    ],
)
def test_file_names_carry_dates(name: str, expected: datetime, has_time: bool):
    assert date_in_name(name) == Timestamp(expected, None, has_time)


@pytest.mark.parametrize(
    "name",
    ["DSC_0123.jpg", "20191304.jpg", "IMG_12345678901234.jpg", "2019-07.jpg", "bccf20110203abc.jpg", "1234567.jpg", ""],
)
def test_numbers_in_file_names_are_no_dates(name: str):
    assert date_in_name(name) is None


def test_a_pixel_name_is_in_utc():
    found = taken(Tags(), TOKYO, "PXL_20201231_200000123.jpg")
    assert (found.local, found.offset_minutes) == (local(2021, 1, 1, 5, 0, 0, 123_000), 540)
    assert taken(Tags(), None, "PXL_20201231_200000123.jpg").utc == datetime(
        2020, 12, 31, 20, 0, 0, 123_000, tzinfo=UTC
    )


def test_every_zone_a_position_can_have_is_known():
    assert {ZoneInfo(name).key for name in tzfpy.timezonenames()} == set(tzfpy.timezonenames())


dates = (
    st.datetimes(local(1950, 1, 1), local(2030, 1, 1))
    .map(lambda at: at.replace(microsecond=0))
    .filter(lambda at: at.date() not in (local(1970, 1, 1).date(),))
)
offsets = st.integers(-840, 840)
places = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180), st.none(), st.just("exif"))


@given(dates, offsets)
def test_a_written_date_and_offset_are_read_back(at: datetime, offset: int):
    sign = "-" if offset < 0 else "+"
    written = f"{sign}{abs(offset) // 60:02}:{abs(offset) % 60:02}"
    assert parse_offset(written) == offset
    assert parse_timestamp(f"{at:%Y:%m:%d %H:%M:%S}") == Timestamp(at)
    assert parse_timestamp(f"{at.isoformat()}{written}") == Timestamp(at, offset)
    assume(is_plausible(Timestamp(at, offset), MODIFIED))
    found = taken(tags(DateTimeOriginal=f"{at:%Y:%m:%d %H:%M:%S}", OffsetTimeOriginal=written))
    assert found.utc == at.replace(tzinfo=UTC) - timedelta(minutes=offset)


@given(st.text(max_size=40) | st.from_regex(r"\d{4}[:-]\d{1,2}[:-]\d{1,2}[T ]\d{0,2}:?\d{0,2}.{0,12}"))
def test_any_text_is_a_date_or_none(text: str):
    found = parse_timestamp(text)
    assert found is None or found.local.year >= 1826
    named = date_in_name(text)
    assert named is None or named.local.tzinfo is None


@given(dates, places)
def test_a_zone_of_a_position_joins_local_time_and_instant(at: datetime, place: Position):
    found = taken(tags(DateTimeOriginal=f"{at:%Y:%m:%d %H:%M:%S}"), place)
    assert found.local == at
    assert (found.utc is None) == (found.offset_minutes is None)
    if found.utc is not None and found.offset_minutes is not None:
        assert found.utc.replace(tzinfo=None) + timedelta(minutes=found.offset_minutes) == at
        assert abs(found.offset_minutes) <= 840


@given(dates, st.integers(-20 * 60, 20 * 60))
def test_the_gps_clock_is_near_the_instant_it_infers_or_is_not_used(at: datetime, distance: int):
    clock = at.replace(tzinfo=UTC) - timedelta(minutes=distance)
    assume(clock.date() != local(1970, 1, 1).date())
    found = taken(tags(DateTimeOriginal=f"{at:%Y:%m:%d %H:%M:%S}", **gps_clock(clock)))
    if abs(distance) > 840:
        assert found.offset_minutes is None
    else:
        assert found.offset_minutes is not None and found.utc is not None
        assert found.offset_minutes % 15 == 0
        assert abs(found.utc - clock) <= timedelta(minutes=7.5)
