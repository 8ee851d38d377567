"""Reading tags: from a photo's bytes to `Tags`. Runs inside the sandbox, because the bytes may be hostile.

Belongs here: which walk finds a format's blocks, and joining what they say.
Does not belong here: pixels, and what tags mean.
"""

from darkroom.decoding.tags.blocks import Blocks
from darkroom.decoding.tags.boxes import walk_boxes
from darkroom.decoding.tags.iptc import read_datasets
from darkroom.decoding.tags.segments import walk_gif, walk_jpeg, walk_png, walk_psd, walk_webp
from darkroom.decoding.tags.tiff import PACKETS, is_tiff, little_endian, read_directories
from darkroom.decoding.tags.xmp import read_properties
from darkroom.domain.tags import ExifValue, Tags

_BOXES = (b"ftyp", b"jP  ", b"JXL ")


def read_tags(data: memoryview | bytes, media_type: str) -> Tags:
    """The EXIF, XMP and IPTC tags in a photo's bytes.

    Damaged parts are left out: bytes that hold no tags, whatever they are, give an empty `Tags`.

    Raises:
        ValueError: `media_type` is no image's.
    """
    if not media_type.startswith("image/"):
        raise ValueError(f"tags are read from images, not from {media_type}")
    blocks = Blocks()
    _walk(memoryview(data), blocks)
    exif: dict[str, ExifValue] = {}
    for directory, block in blocks.exif:
        exif = read_directories(block, directory) | exif
    _take_packets(exif, blocks)
    xmp: dict[str, tuple[str, ...]] = {}
    for packet in blocks.xmp:
        xmp = read_properties(packet) | xmp
    iptc: dict[str, tuple[str, ...]] = {}
    for stream in blocks.iptc:
        iptc = read_datasets(stream) | iptc
    return Tags(exif=exif, xmp=xmp, iptc=iptc, little_endian=all(little_endian(block) for _, block in blocks.exif[:1]))


def _walk(data: memoryview, blocks: Blocks) -> None:
    """Finds the blocks by the bytes' own signature: what a name or a catalogue calls the format may be wrong."""
    head = bytes(data[:16])
    if head.startswith(b"\xff\xd8"):
        walk_jpeg(data, blocks)
    elif head.startswith(b"\x89PNG"):
        walk_png(data, blocks)
    elif head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        walk_webp(data, blocks)
    elif head.startswith(b"GIF8"):
        walk_gif(data, blocks)
    elif head.startswith(b"8BPS"):
        walk_psd(data, blocks)
    elif head[4:8] in _BOXES:
        walk_boxes(data, blocks)
    elif head.startswith(b"FUJIFILM"):
        # Fuji's raw files hold a JPEG preview, whose tags are the photo's.
        start, size = (int.from_bytes(data[at : at + 4], "big") for at in (84, 88))
        walk_jpeg(data[start : start + size], blocks)
    elif is_tiff(data):
        blocks.add_exif(data)


def _take_packets(exif: dict[str, ExifValue], blocks: Blocks) -> None:
    """Moves the packets that TIFF keeps among its entries to the blocks of their kind."""
    for name in PACKETS.values():
        content = exif.pop(name, b"")
        if isinstance(content, bytes) and content:
            if name == "XMP":
                blocks.add_xmp(content)
            elif name == "IPTC":
                blocks.add_iptc(content)
            else:
                blocks.add_resources(memoryview(content))
