"""What a file is, told by its content: the media type of a photo, a sidecar, or something else.

Belongs here: signatures of containers.
Does not belong here: the directories inside TIFF files that tell a raw photo from a picture (`media_tiff.py`), and
whether the pixels can be decoded, which only the sandbox may find out.
"""

from __future__ import annotations

import re
import struct

from darkroom.domain.media_tiff import sniff_tiff

HEAD_BYTES = 64 * 1024
"""Enough of a file's start to tell its type, save for TIFF files that keep their directory at the end."""

SIDECAR_SUFFIXES = frozenset({"xmp", "aae", "json", "thm", "pp3", "dop"})
"""Suffixes of files that describe another file. `thm` is a small JPEG beside a video or a raw photo."""

RAW_TYPES = frozenset(
    {
        "image/x-adobe-dng",
        "image/x-canon-cr2",
        "image/x-canon-cr3",
        "image/x-canon-crw",
        "image/x-epson-erf",
        "image/x-fuji-raf",
        "image/x-hasselblad-3fr",
        "image/x-kodak-dcr",
        "image/x-leaf-mos",
        "image/x-mamiya-mef",
        "image/x-minolta-mrw",
        "image/x-nikon-nef",
        "image/x-olympus-orf",
        "image/x-panasonic-rw2",
        "image/x-pentax-pef",
        "image/x-phaseone-iiq",
        "image/x-raw",
        "image/x-samsung-srw",
        "image/x-sigma-x3f",
        "image/x-sony-arw",
    }
)
"""Media types of camera raw files; `image/x-raw` is one whose maker is not known."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"FUJIFILMCCD-RAW ", "image/x-fuji-raf"),
    (b"II\x1a\x00\x00\x00HEAPCCDR", "image/x-canon-crw"),
    (b"IIU\x00", "image/x-panasonic-rw2"),
    (b"IIRO", "image/x-olympus-orf"),
    (b"IIRS", "image/x-olympus-orf"),
    (b"MMOR", "image/x-olympus-orf"),
    (b"FOVb", "image/x-sigma-x3f"),
    (b"\x00MRM", "image/x-minolta-mrw"),
)
_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"\x1a\x45\xdf\xa3", "a video"),
    (b"\x00\x00\x01\xba", "a video"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a video"),
    (b"FLV\x01", "a video"),
    (b"ID3", "a sound"),
    (b"OggS", "a sound"),
    (b"fLaC", "a sound"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"icns", "an icon"),
)
_BITMAP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_HEIF_BRANDS = frozenset({b"mif1", b"mif2", b"mif3", b"msf1", b"miaf"})
_MOVIE_BOXES = frozenset({b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
_MARKUP = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xpacket|<x:xmpmeta|<\?xml|<rdf:RDF|<plist|<svg|<!DOCTYPE|<html)", re.IGNORECASE
)


def sniff(head: bytes | memoryview) -> str | None:
    """Media type of the photo that starts with `head`; `None` when it is none we take. Any number of bytes will do."""
    start = bytes(head[:64])
    for signature, media_type in _SIGNATURES:
        if start.startswith(signature):
            return media_type
    if start.startswith(b"\x89PNG\r\n\x1a\n"):
        return _sniff_png(head)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[:2] == b"BM" and len(start) >= 18 and struct.unpack_from("<I", start, 14)[0] in _BITMAP_HEADERS:
        return "image/bmp"
    if start[4:8] == b"ftyp":
        return _sniff_brands(head)
    return sniff_tiff(head)


def describe_stranger(head: bytes | memoryview) -> str:
    """In a few words, what a file is that `sniff` does not take: "a video", "empty", "in no photo format we know"."""
    start = bytes(head[:1024])
    if not start:
        return "empty"
    if not start.strip(b"\x00"):
        return "filled with zeros"
    if start[4:8] == b"ftyp" or start[4:8] in _MOVIE_BOXES or (start[:4] == b"RIFF" and start[8:12] == b"AVI "):
        return "a video"
    for signature, name in _STRANGERS:
        if start.startswith(signature):
            return name
    if _MARKUP.match(start):
        return "a text in markup"
    return "in no photo format we know"


def is_sidecar(name: str, head: bytes | memoryview) -> bool:
    """Whether the file called `name` describes another file instead of being a photo.

    A photo by content is no sidecar, whatever its suffix, save for `thm`.
    """
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix not in SIDECAR_SUFFIXES:
        return False
    return suffix == "thm" or sniff(head) is None


def _sniff_png(head: bytes | memoryview) -> str:
    """An animated PNG declares itself (`acTL`) before its first pixels (`IDAT`)."""
    position = 8
    while position + 8 <= len(head):
        length, kind = struct.unpack_from(">I4s", head, position)
        if kind == b"acTL":
            return "image/apng"
        if kind == b"IDAT":
            break
        position += 12 + length
    return "image/png"


def _sniff_brands(head: bytes | memoryview) -> str | None:
    """Type of an ISO base media file by its major brand, then by the brands it says it is compatible with."""
    size = struct.unpack_from(">I", head, 0)[0] if len(head) >= 4 else 0
    box = bytes(head[8 : min(max(size, 16), 1024)])
    brands = [box[:4], *(box[at : at + 4] for at in range(8, len(box) - 3, 4))]
    major = brands[0]
    if major == b"crx ":
        return "image/x-canon-cr3"
    if major in (b"avif", b"avis"):
        return "image/avif"
    if major in _HEIC_BRANDS:
        return "image/heic"
    if major == b"jxl ":
        return "image/jxl"
    if major not in _HEIF_BRANDS:
        return None
    if b"avif" in brands or b"avis" in brands or box[4:8] == b"avif":
        return "image/avif"
    return "image/heic" if _HEIC_BRANDS & {*brands, box[4:8]} else "image/heif"
