"""IPTC-IIM: the older, binary form of captions and keywords.

Belongs here: reading data sets by name. Does not belong here: what values mean.
"""

from darkroom.domain.tags import LONGEST_TEXT, decode_text

MOST_SETS = 4096

_UTF_8 = b"\x1b%G"
_NAMES = {
    5: "ObjectName",
    25: "Keywords",
    55: "DateCreated",
    60: "TimeCreated",
    105: "Headline",
    120: "Caption-Abstract",
}


def read_datasets(block: bytes) -> dict[str, tuple[str, ...]]:
    """The known data sets of the application record, by name, values in order. Stops at the first damage."""
    found: dict[str, list[str]] = {}
    at, utf_8 = 0, False
    for _ in range(MOST_SETS):
        if block[at : at + 1] != b"\x1c" or at + 5 > len(block):
            break
        record, number = block[at + 1], block[at + 2]
        size = int.from_bytes(block[at + 3 : at + 5], "big")
        at += 5
        if size & 0x8000:
            # An extended length: the low bits say how many bytes the real one has.
            wide = size & 0x7FFF
            size = int.from_bytes(block[at : at + wide], "big") if wide <= 4 else len(block)
            at += wide
        content = block[at : at + size]
        at += size
        if (record, number) == (1, 90):
            utf_8 = content == _UTF_8
        elif record == 2 and number in _NAMES:
            content = content[: 4 * LONGEST_TEXT]
            text = content.decode("utf-8", errors="ignore") if utf_8 else decode_text(content)
            found.setdefault(_NAMES[number], []).append(text)
    return {name: tuple(values) for name, values in found.items()}
