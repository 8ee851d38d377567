"""Words: whose win, which say nothing, and which character sets are understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.domain.description import comment_text, description, utf_16_text
from darkroom.domain.tags import Tags, clean_text


def test_xmp_wins_over_iptc_which_wins_over_exif():
    xmp = {"dc:title": ("t xmp",), "dc:description": ("d xmp",), "dc:subject": ("k xmp",), "xmp:Rating": ("4",)}
    iptc = {"ObjectName": ("t iptc",), "Caption-Abstract": ("d iptc",), "Keywords": ("k iptc",)}
    exif = {
        "XPTitle": "t exif".encode("utf-16-le"),
        "ImageDescription": b"d exif\0",
        "XPKeywords": "k exif".encode("utf-16-le"),
        "Rating": (2,),
    }
    assert description(Tags(exif, xmp, iptc)) == {
        "title": ("t xmp", "xmp"),
        "description": ("d xmp", "xmp"),
        "keywords": (["k xmp"], "xmp"),
        "rating": (4, "xmp"),
    }
    assert description(Tags(exif, {}, iptc)) == {
        "title": ("t iptc", "iptc"),
        "description": ("d iptc", "iptc"),
        "keywords": (["k iptc"], "iptc"),
        "rating": (2, "exif"),
    }
    assert description(Tags(exif)) == {
        "title": ("t exif", "exif"),
        "description": ("d exif", "exif"),
        "keywords": (["k exif"], "exif"),
        "rating": (2, "exif"),
    }


@pytest.mark.parametrize(
    "words",
    [
        "OLYMPUS DIGITAL CAMERA",
        "SONY DSC",
        "KONICA MINOLTA DIGITAL CAMERA",
        "SAMSUNG CAMERA PICTURES",
        "DIGITAL CAMERA",
        "Exif_JPEG_PICTURE",
        "<Digimax i5, Samsung #1>",
        "cof_soft",
        "hdr",
        "default",
        "-",
        "...",
        "   ",
        "Minolta DSC",
    ],
)
def test_what_a_camera_writes_by_itself_is_no_description(words: str):
    assert description(Tags(exif={"ImageDescription": words.encode()})) == {}
    fallback = description(Tags(exif={"ImageDescription": words.encode(), "UserComment": b"ASCII\0\0\0Anna"}))
    assert fallback == {"description": ("Anna", "exif")}


@pytest.mark.parametrize("words", ["1984", "🎉", "My digital camera", "Sony Center", "hdr of the alps", "日本"])
def test_what_a_person_writes_is_kept(words: str):
    assert description(Tags(xmp={"dc:title": (words,)})) == {"title": (words, "xmp")}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"ASCII\0\0\0hello\0junk", "hello"),
        (b"ASCII\0\0\0caf\xe9", "café"),
        (b"UNICODE\0" + "grüße".encode("utf-16-le"), "grüße"),
        (b"UNICODE\0" + "grüße".encode("utf-16-be"), "grüße"),
        (b"UNICODE\0\xfe\xff" + "日本".encode("utf-16-be"), "日本"),
        (b"UNICODE\0" + "日本".encode("utf-16-le"), "日本"),
        (b"JIS\0\0\0\0\0" + "日本".encode("iso2022_jp"), "日本"),
        (b"\0\0\0\0\0\0\0\0plain", "plain"),
        (b"no charset at all", "no charset at all"),
        (b"ASCII\0\0\0", None),
        (b"ASCII\0\0\0    ", None),
        (b"", None),
    ],
)
def test_a_user_comment_says_its_character_set(value: bytes, expected: str | None):
    assert comment_text(value, little_endian=True) == expected


def test_utf_16_without_any_hint_follows_the_byte_order_of_the_block():
    assert utf_16_text("日本".encode("utf-16-be"), little_endian=False) == "日本"


def test_texts_that_are_not_utf_8_are_read_as_windows_1252():
    assert description(Tags(exif={"ImageDescription": b"Stra\xdfe \x96 caf\xe9"})) == {
        "description": ("Straße – café", "exif")
    }


def test_keywords_keep_their_order_without_repeats():
    found = description(Tags(iptc={"Keywords": ("sea", " sea ", "", "Sun", "sun", "sea\0")}))
    assert found == {"keywords": (["sea", "Sun", "sun"], "iptc")}
    windows = "a;b; a ;;c".encode("utf-16-le") + b"\0\0"
    assert description(Tags(exif={"XPKeywords": windows})) == {"keywords": (["a", "b", "c"], "exif")}


@pytest.mark.parametrize(
    ("percent", "stars"), [("0", 0), ("1", 1), ("25", 2), ("50", 3), ("75", 4), ("99", 5), ("100", 5)]
)
def test_the_percentages_of_windows_are_stars(percent: str, stars: int):
    assert description(Tags(xmp={"MicrosoftPhoto:Rating": (percent,)})) == {"rating": (stars, "xmp")}


@pytest.mark.parametrize(("text", "stars"), [("-1", -1), ("0", 0), ("5", 5), ("3.0", 3)])
def test_ratings_go_from_rejected_to_five(text: str, stars: int):
    assert description(Tags(xmp={"xmp:Rating": (text,)})) == {"rating": (stars, "xmp")}


def test_a_rating_out_of_bounds_gives_way_to_the_next():
    assert description(Tags(exif={"Rating": (3,)}, xmp={"xmp:Rating": ("80",)})) == {"rating": (3, "exif")}
    assert description(Tags(exif={"Rating": (99,)}, xmp={"xmp:Rating": ("x",)})) == {}


@given(st.text(max_size=200))
def test_clean_text_can_be_stored_and_cleaning_it_again_changes_nothing(text: str):
    found = clean_text(text)
    if found is not None:
        assert found == found.strip() != ""
        assert "\0" not in found
        assert found.encode("utf-8")
        assert clean_text(found) == found


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_are_a_comment_or_none(value: bytes, little_endian: bool):
    for charset in (b"", b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0"):
        found = comment_text(charset + value, little_endian)
        assert found is None or found.encode("utf-8")
