"""Reading tags from bytes: every container, every block, and hostile bytes that cost little."""

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from darkroom.decoding.tags import read_tags
from darkroom.domain.tags import Ratio, Tags, number_of

EXIF = piexif.dump(
    {
        "0th": {piexif.ImageIFD.Make: b"Canon", piexif.ImageIFD.Orientation: 6},
        "Exif": {piexif.ExifIFD.DateTimeOriginal: b"2019:07:04 12:34:56", piexif.ExifIFD.ExposureTime: (10, 500)},
        "GPS": {piexif.GPSIFD.GPSLatitudeRef: b"N", piexif.GPSIFD.GPSLatitude: ((52, 1), (31, 1), (0, 1))},
        "1st": {piexif.ImageIFD.Make: b"Thumbnail", piexif.ImageIFD.Orientation: 3, piexif.ImageIFD.Software: b"x"},
        "thumbnail": None,
    }
)
TIFF = EXIF.removeprefix(b"Exif\0\0")
XMP = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmp:Rating="4">'
    '<dc:title><rdf:Alt><rdf:li xml:lang="de">Titel</rdf:li>'
    '<rdf:li xml:lang="x-default">Title</rdf:li></rdf:Alt></dc:title>'
    "<dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>sun</rdf:li></rdf:Bag></dc:subject>"
    "<xmp:CreateDate>2019-07-04</xmp:CreateDate>"
    '<xmpMM:Pantry><rdf:Bag><rdf:li><rdf:Description dc:title="of another file"/></rdf:li></rdf:Bag></xmpMM:Pantry>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
).encode()
XMP_TAGS = {
    "xmp:Rating": ("4",),
    "dc:title": ("Title", "Titel"),
    "dc:subject": ("sea", "sun"),
    "xmp:CreateDate": ("2019-07-04",),
}


def picture(kind: str, **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 8)).save(target, kind, **options)
    return target.getvalue()


def png(**texts: str) -> bytes:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name.replace("_", ":").replace("-", " "), text, zip=True)
    return picture("PNG", pnginfo=info)


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def jpeg(*segments: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segments) + picture("JPEG")[2:]


def webp(kind: bytes, content: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + kind + len(content).to_bytes(4, "little") + content


def dataset(number: int, content: bytes, record: int = 2) -> bytes:
    return bytes((0x1C, record, number)) + len(content).to_bytes(2, "big") + content


def resource(kind: int, content: bytes) -> bytes:
    return (
        b"8BIM"
        + kind.to_bytes(2, "big")
        + b"\0\0"
        + len(content).to_bytes(4, "big")
        + content
        + bytes(len(content) & 1)
    )


def directory(*entries: tuple[int, int, int, bytes], order: str = "<", after: bytes = b"") -> bytes:
    """A TIFF of one directory; the bytes after it begin at 8 + 2 + 12 × entries + 4."""
    body = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + entry[3].ljust(4, b"\0") for entry in entries)
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IH", 8, len(entries)) + body + bytes(4) + after


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def gif(xmp: bytes) -> bytes:
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0;"
    return b"GIF89a" + bytes(7) + b"\x21\xff\x0bXMP DataXMP" + xmp + trailer


def heif(exif: bytes, xmp: bytes, *, times: int = 1) -> bytes:
    """The boxes of a HEIC that hold tags, the Exif item cut into two extents and the XMP item in `idat`."""
    item = (0).to_bytes(4, "big") + exif
    kinds = box(b"infe", b"\2\0\0\0\0\1\0\0Exif\0") + box(b"infe", b"\2\0\0\0\0\2\0\0mime\0application/rdf+xml\0")
    head = box(b"ftyp", b"heic\0\0\0\0heic")
    start, half = len(head) + 8, len(item) // 2
    places = struct.pack(">HHHHIIII", 1, 0, 0, 2, start, half, start + half, len(item) - half) * times
    places += struct.pack(">HHHHII", 2, 1, 0, 1, 0, len(xmp))
    parts = [
        box(b"iinf", bytes(4) + b"\0\2" + kinds),
        box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", 1 + times) + places),
        box(b"idat", xmp),
    ]
    return head + box(b"mdat", item) + box(b"meta", bytes(4) + b"".join(parts))


def assert_exif(found: Tags) -> None:
    assert found.exif_text("Make") == "Canon"
    assert found.exif_text("DateTimeOriginal") == "2019:07:04 12:34:56"
    assert found.exif["ExposureTime"] == (Ratio(10, 500),)
    assert found.exif["GPSLatitude"] == (Ratio(52, 1), Ratio(31, 1), Ratio(0, 1))
    assert found.orientation == 6


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG", exif=EXIF),
        picture("PNG", exif=EXIF),
        picture("WEBP", exif=EXIF),
        heif(TIFF, b"").replace(b"heic", b"avif"),
        TIFF,
        heif(TIFF, b""),
        b"FUJIFILMCCD-RAW ".ljust(84, b"\0") + struct.pack(">II", 100, 2000) + bytes(8) + jpeg(segment(0xE1, EXIF)),
        b"8BPS" + bytes(22) + bytes(4) + len(resource(0x0422, TIFF)).to_bytes(4, "big") + resource(0x0422, TIFF),
        box(b"ftyp", b"crx ")
        + box(b"moov", box(b"uuid", bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + box(b"CMT1", TIFF))),
        b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"Exif", bytes(4) + TIFF),
        b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"uuid", b"JpgTiffExif->JP2" + TIFF),
        jpeg(segment(0xE1, b"Exif\0\0" + EXIF)),
    ],
    ids=["jpeg", "png", "webp", "avif", "tiff", "heic", "raf", "psd", "cr3", "jxl", "jp2", "twice-marked"],
)
def test_exif_is_read_from_every_container(data: bytes):
    assert_exif(read_tags(data, "image/jpeg"))
    assert_exif(read_tags(memoryview(data), "image/x-raw"))


@pytest.mark.parametrize(
    "data",
    [
        jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)),
        png(XML_com_adobe_xmp=XMP.decode()).replace(b"XML:com:adobe:xmp", b"XML:com.adobe.xmp"),
        webp(b"XMP ", XMP),
        gif(XMP),
        directory((0x02BC, 1, len(XMP), struct.pack("<I", 26)), after=XMP),
        heif(TIFF, XMP),
        webp(b"XMP ", XMP.decode().encode("utf-16-be")),
        webp(b"XMP ", b"\xff\xfe" + XMP.decode().encode("utf-16-le")),
        webp(b"XMP ", b"stray bytes" + XMP + bytes(20)),
    ],
    ids=["jpeg", "png", "webp", "gif", "tiff", "heic", "utf-16-be", "utf-16-le", "stray"],
)
def test_xmp_is_read_from_every_container(data: bytes):
    assert read_tags(data, "image/jpeg").xmp == XMP_TAGS


def test_extended_xmp_is_joined_in_its_own_order():
    digest, half = b"D" * 32, len(XMP) // 2
    pieces = [
        segment(
            0xE1, b"http://ns.adobe.com/xmp/extension/\0" + digest + struct.pack(">II", len(XMP), at) + XMP[at:][:size]
        )
        for at, size in ((half, len(XMP)), (0, half))
    ]
    assert read_tags(jpeg(*pieces), "image/jpeg").xmp == XMP_TAGS


@pytest.mark.parametrize(
    "wrap",
    [
        lambda iptc: jpeg(segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, iptc))),
        lambda iptc: directory((0x83BB, 4, (len(iptc) + 3) // 4, struct.pack("<I", 26)), after=iptc + bytes(3)),
        lambda iptc: directory(
            (0x8649, 1, len(resource(0x0404, iptc)), struct.pack("<I", 26)), after=resource(0x0404, iptc)
        ),
    ],
    ids=["jpeg", "tiff", "tiff-resources"],
)
def test_iptc_is_read_in_its_character_set(wrap: Callable[[bytes], bytes]):
    sets = dataset(25, "Zürich".encode()) + dataset(25, b"sea") + dataset(120, b"Words") + dataset(55, b"20190704")
    found = read_tags(wrap(dataset(90, b"\x1b%G", record=1) + sets), "image/jpeg").iptc
    assert found == {"Keywords": ("Zürich", "sea"), "Caption-Abstract": ("Words",), "DateCreated": ("20190704",)}
    latin = read_tags(wrap(dataset(25, "Zürich".encode("latin-1"))), "image/jpeg").iptc
    assert latin == {"Keywords": ("Zürich",)}


def test_hexadecimal_profiles_of_png_are_read():
    profile = f"\nexif\n{len(EXIF):8}\n{EXIF.hex()}\n"
    content = b"Raw profile type exif\0\0" + zlib.compress(profile.encode())
    chunk = len(content).to_bytes(4, "big") + b"zTXt" + content + zlib.crc32(b"zTXt" + content).to_bytes(4, "big")
    plain = picture("PNG")
    assert_exif(read_tags(plain[:33] + chunk + plain[33:], "image/png"))


def test_the_thumbnail_directory_is_never_read():
    only_thumbnail = piexif.dump(
        {"0th": {}, "1st": {piexif.ImageIFD.Make: b"Thumb", piexif.ImageIFD.Orientation: 3}, "thumbnail": None}
    )
    found = read_tags(jpeg(segment(0xE1, only_thumbnail)), "image/jpeg")
    assert found.exif_text("Make") is None
    assert found.orientation == 1


def test_both_byte_orders_are_read():
    for order in "<>":
        data = directory((0x0112, 3, 1, struct.pack(f"{order}H", 8)), order=order)
        found = read_tags(data, "image/tiff")
        assert (found.orientation, found.little_endian) == (8, order == "<")


def test_bigtiff_is_read():
    entry = struct.pack("<HHQ", 0x0112, 3, 1) + struct.pack("<H", 5) + bytes(6)
    data = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 1) + entry + bytes(8)
    assert read_tags(data, "image/tiff").orientation == 5


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_out_of_range_means_as_stored(value: int):
    assert read_tags(directory((0x0112, 3, 1, struct.pack("<H", value))), "image/tiff").orientation == 1


def test_an_orientation_in_one_byte_counts():
    assert read_tags(directory((0x0112, 1, 1, b"\x06")), "image/tiff").orientation == 6


def test_a_text_that_is_cut_off_keeps_what_it_has():
    data = directory((0x010E, 2, 1000, struct.pack("<I", 26)), after=b"Only this")
    assert read_tags(data, "image/tiff").exif_text("ImageDescription") == "Only this"


def test_a_type_that_is_no_image_is_refused():
    with pytest.raises(ValueError, match="video/mp4"):
        read_tags(b"", "video/mp4")


def test_entities_and_document_types_are_not_read():
    entity = b'<!DOCTYPE x [<!ENTITY a "boom">]>' + XMP.split(b"?>", 1)[1].replace(b"Title<", b"&a;<")
    assert "boom" not in str(read_tags(webp(b"XMP ", entity), "image/webp").xmp)


def test_directories_that_point_at_themselves_are_read_once():
    loop = directory(
        (0x8769, 4, 1, struct.pack("<I", 8)), (0x8825, 4, 1, struct.pack("<I", 8)), (0x0112, 3, 1, b"\3\0")
    )
    assert read_tags(loop, "image/tiff").orientation == 3


RDF = XMP[: XMP.index(b"<rdf:Description")]
HOSTILE = {
    "every entry the same megabytes": directory(
        *[(0x02BC, 2, 2_000_000, struct.pack("<I", 26))] * 4096, after=bytes(2_000_000)
    ),
    "fill bytes": b"\xff\xd8" + b"\xff" * 5_000_000,
    "extensions without end": b"GIF89a" + bytes(7) + b"\x21\xff\x0bXMP DataXMP\0" * 250_000,
    "sub-blocks of one byte": b"GIF89a" + bytes(7) + b"\x21\xfe" + b"\1a" * 2_000_000,
    "elements ever deeper": webp(b"XMP ", RDF + b"<a>" * 600_000),
    "elements side by side": webp(b"XMP ", RDF + b"<a/>" * 500_000 + b"</rdf:RDF></x:xmpmeta>"),
    "beginnings without an end": webp(b"XMP ", b"<RDF" * 500_000),
    "one beginning and many ends": webp(b"XMP ", b"<RDF" + b"</RDF>" * 300_000),
    "texts that inflate": b"\x89PNG\r\n\x1a\n"
    + (lambda text: (len(text).to_bytes(4, "big") + b"zTXt" + text + bytes(4)) * 1_000)(
        b"Raw profile type xmp\0\0" + zlib.compress(bytes(2_000_000))
    ),
    "extents of no bytes": box(b"ftyp", b"heic")
    + box(b"meta", bytes(4) + box(b"iloc", b"\1\0\0\0\0\0\xff\xff" + b"\0\1\0\0\0\0\xff\xff" * 65_535)),
    "one item many times": heif(bytes(500_000), XMP, times=60_000),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_cost_little(data: bytes):
    tracemalloc.start()
    began = time.process_time()
    read_tags(data, "image/jpeg")
    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Without the limits each of these takes minutes or gigabytes; tracing makes the reader several times slower.
    assert took < 10
    assert peak < 250_000_000


SEEDS = [
    picture("JPEG", exif=EXIF),
    picture("PNG", exif=EXIF),
    picture("WEBP", exif=EXIF),
    heif(TIFF, XMP),
    TIFF,
    webp(b"XMP ", XMP),
    jpeg(segment(0xED, b"Photoshop 3.0\0" + resource(0x0404, dataset(25, b"sea")))),
    gif(XMP),
]


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=12),
    st.integers(0, 5000),
)
def test_damaged_bytes_are_read_as_far_as_they_go(seed: bytes, changes: list[tuple[int, int]], length: int):
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    found = read_tags(bytes(data[:length]), "image/jpeg")
    assert found.orientation in range(1, 9)


HEADS = [
    b"\xff\xd8",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\0\0\0\0WEBP",
    b"GIF89a",
    b"8BPS\0\1",
    b"\0\0\0\x10ftypheic",
    b"II*\0",
    b"MM\0+",
    b"FUJIFILMCCD-RAW ",
    b"",
]


@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_any_bytes_are_tags_or_none(head: bytes, rest: bytes):
    assert read_tags(head + rest, "image/jpeg").orientation in range(1, 9)


@pytest.mark.parametrize(
    ("text", "number"),
    [("28/10", 2.8), (" 2.8 ", 2.8), ("-1", -1.0), ("1/0", None), ("", None), ("1e400", None), ("nan", None)],
)
def test_a_number_is_a_decimal_or_a_fraction(text: str, number: float | None):
    assert number_of(text) == number


def test_numbers_that_are_not_finite_are_none():
    of = Tags(exif={"A": (Ratio(1, 0), Ratio(1, 2), float("inf"), float("nan"), 3)})
    assert of.exif_numbers("A") == (None, 0.5, None, None, 3)
    assert of.exif_number("A") is None
    assert of.exif_numbers("B") == ()
