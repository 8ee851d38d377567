"""What a file is, told from its bytes alone."""

import csv
import json
import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from darkroom.domain.media import HEAD_BYTES, RAW_TYPES, describe_stranger, is_sidecar, sniff

CFA = (262, 3, 1, 32803)
PREVIEW = (254, 4, 1, 1)


def tiff(*entries: tuple[int, int, int, int | bytes], order: str = "<", at: int = 8, start: bytes = b"") -> bytes:
    """A TIFF file with one directory at `at`; a value given as bytes is put behind it."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = (mark + struct.pack(order + "I", at) + start).ljust(at, b"\0")
    behind, extra = at + 2 + 12 * len(entries) + 4, b""
    body = struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        if isinstance(value, bytes):
            body += struct.pack(order + "HHII", tag, kind, len(value), behind + len(extra))
            extra += value
        else:
            body += struct.pack(
                order + ("HHIHH" if kind == 3 else "HHII"), tag, kind, count, value, *([0] * (kind == 3))
            )
    return head + body + struct.pack(order + "I", 0) + extra


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + b"\0\0\0\0" + b"".join(compatible)
    return struct.pack(">I", len(body) + 4) + body + b"\0\0\0\x08free"


def png(*chunks: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", 4) + kind + b"\0" * 8 for kind in chunks)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\xff\xd8\xff\xe1rest", "image/jpeg"),
        (png(b"IHDR", b"IDAT"), "image/png"),
        (png(b"IHDR", b"acTL", b"IDAT"), "image/apng"),
        (png(b"IHDR", b"IDAT", b"acTL"), "image/png"),
        (b"GIF89a\1\0\1\0", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM" + b"\0" * 12 + struct.pack("<I", 40), "image/bmp"),
        (ftyp(b"avif"), "image/avif"),
        (ftyp(b"avis", b"msf1"), "image/avif"),
        (ftyp(b"mif1", b"mif1", b"avif"), "image/avif"),
        (ftyp(b"heic", b"mif1"), "image/heic"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"jpeg"), "image/heif"),
        (ftyp(b"crx ", b"crx ", b"isom"), "image/x-canon-cr3"),
        (b"\0\0\0\x10ftypmif3avif", "image/avif"),
        (b"FUJIFILMCCD-RAW 0201", "image/x-fuji-raf"),
        (b"IIRO\x08\0\0\0", "image/x-olympus-orf"),
        (b"IIU\0\x18\0\0\0", "image/x-panasonic-rw2"),
        (tiff((256, 3, 1, 10)), "image/tiff"),
        (tiff((256, 3, 1, 10), order=">", at=4000), "image/tiff"),
        (tiff((256, 3, 1, 10), at=16, start=b"CR\2\0"), "image/x-canon-cr2"),
        (tiff((50706, 1, 4, 0x0401), (271, 2, 0, b"Apple\0")), "image/x-adobe-dng"),
        (tiff(CFA, (271, 2, 0, b"NIKON CORPORATION\0")), "image/x-nikon-nef"),
        (tiff(CFA, (271, 2, 0, b"SONY\0\0"), order=">"), "image/x-sony-arw"),
        (tiff((259, 3, 1, 65535), (271, 2, 0, b"PENTAX \0"), order=">"), "image/x-pentax-pef"),
        (tiff((259, 3, 1, 32770), (271, 2, 0, b"SAMSUNG\0")), "image/x-samsung-srw"),
        (tiff(CFA, (271, 2, 0, b"Unheard Of\0")), "image/x-raw"),
        (tiff(PREVIEW, (271, 2, 0, b"NIKON CORPORATION\0"), (330, 4, 1, 9999)), "image/x-nikon-nef"),
    ],
)
def test_a_photo_is_known_by_its_content(head: bytes, media_type: str) -> None:
    assert sniff(head) == media_type
    assert sniff(memoryview(head)) == media_type
    assert media_type.startswith("image/x-") == (media_type in RAW_TYPES)


def test_a_picture_exported_from_a_camera_makers_raw_is_a_plain_tiff() -> None:
    assert sniff(tiff((262, 3, 1, 2), (271, 2, 0, b"NIKON CORPORATION\0"))) == "image/tiff"


def test_a_sensor_directory_below_the_preview_makes_it_raw() -> None:
    child = tiff(CFA, at=200)[200:]
    parent = tiff((262, 3, 1, 2), (271, 2, 0, b"SONY\0\0"), (330, 4, 1, 200)).ljust(200, b"\0")
    assert sniff(parent + child) == "image/x-sony-arw"
    children = tiff((262, 3, 1, 2), (271, 2, 0, b"SONY\0\0"), (330, 4, 2, struct.pack("<II", 9999, 200)))
    listed = bytearray(children.ljust(200, b"\0"))
    place = listed.index(struct.pack("<HHI", 330, 4, 8)) + 4
    listed[place : place + 4] = struct.pack("<I", 2)
    assert sniff(bytes(listed) + child) == "image/x-sony-arw"


def test_directories_in_a_circle_end() -> None:
    assert sniff(tiff((262, 3, 1, 2), (330, 4, 1, 8))) == "image/tiff"


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "empty"),
        (b"\0" * 100, "filled with zeros"),
        (ftyp(b"isom", b"mp42"), "a video"),
        (ftyp(b"qt  "), "a video"),
        (b"\0\0\x0f\x17moov", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\0\0\1\0\1\0", "an icon"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg/>', "a text in markup"),
        (b"BM this is a letter, not a bitmap", "in no photo format we know"),
        (b"II", "in no photo format we know"),
    ],
)
def test_what_is_no_photo_is_named(head: bytes, words: str) -> None:
    assert sniff(head) is None
    assert describe_stranger(head) == words


@pytest.mark.parametrize(
    ("name", "head", "sidecar"),
    [
        ("IMG_1.xmp", b"<x:xmpmeta>", True),
        ("IMG_1.JPG.XMP", b"", True),
        ("IMG_1.AAE", b"<?xml ?><plist>", True),
        ("IMG_1.jpg.json", b"{}", True),
        ("MVI_1.THM", b"\xff\xd8\xff\xe1", True),
        ("wrong suffix.json", b"\xff\xd8\xff\xe1", False),
        ("xmp", b"<x:xmpmeta>", False),
        ("IMG_1.jpg", b"{}", False),
    ],
)
def test_a_sidecar_is_known_by_its_suffix_unless_it_is_a_photo(name: str, head: bytes, sidecar: bool) -> None:
    assert is_sidecar(name, head) is sidecar


@given(
    st.sampled_from([b"", b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x14ftypmif1", b"BM"]),
    st.binary(max_size=400),
)
@example(b"II*\0", b"\x08\0\0\0\xff\xff")
def test_no_bytes_make_sniffing_fail(start: bytes, rest: bytes) -> None:
    assert sniff(start + rest) is None or sniff(start + rest).startswith("image/")
    assert describe_stranger(start + rest)


@pytest.mark.testdata
def test_real_files_are_what_a_reference_reader_says(testdata: Path) -> None:
    wrong = []
    kinds = {"J2C": "jp2", "PSD": "vnd.adobe.photoshop", "EXTENDED WEBP": "webp", "HEIF": "heic"}
    makers = {"CR3": "canon", "CRW": "canon", "NEF": "nikon", "RAF": "fuji", "RW2": "panasonic", "ORF": "olympus"}
    makers |= {"X3F": "sigma", "DNG": "adobe"}
    for row in csv.DictReader((testdata / "formats/MANIFEST.csv").open()):
        kind = json.loads(row["label"]).get("exiftool", {}).get("File:FileType")
        data = (testdata / "formats" / row["file"]).read_bytes()
        if kind in (None, "MP4", "MOV", "JSON", "XMP"):
            continue
        name = f"x-{makers[kind]}-{kind.lower()}" if kind in makers else kinds.get(kind.upper(), kind.lower())
        if sniff(data) != f"image/{name}" or sniff(data[:HEAD_BYTES]) != sniff(data):
            wrong.append((row["file"], kind, sniff(data), sniff(data[:HEAD_BYTES])))
    assert wrong == []


@pytest.mark.testdata
def test_real_videos_and_sidecars_are_no_photos(testdata: Path) -> None:
    for path in sorted((testdata / "formats").iterdir()):
        head = path.read_bytes()[:HEAD_BYTES]
        if path.suffix.lower() in (".mp4", ".mov"):
            assert (sniff(head), describe_stranger(head)) == (None, "a video"), path.name
        if path.suffix.lower() in (".xmp", ".json"):
            assert is_sidecar(path.name, head), path.name
