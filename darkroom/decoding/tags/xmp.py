"""XMP packets: RDF in XML, read without entities, document types or anything from outside.

Belongs here: flattening properties to names and values. Does not belong here: what values mean.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MOST_VALUES = 4096

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
}
_UTF_16 = {b"\xfe\xff": "utf-16-be", b"\0<": "utf-16-be", b"\xff\xfe": "utf-16-le", b"<\0": "utf-16-le"}
_BEGIN = re.compile(rb"<(?:\w{1,20}:)?RDF\b")
_END = re.compile(rb"</(?:\w{1,20}:)?RDF>")


def read_properties(packet: bytes) -> dict[str, tuple[str, ...]]:
    """The properties of known vocabularies as `prefix:name`, every value in order, the default language first.

    A packet that is no XML, or that declares entities or a document type, has none.
    """
    root = _parse(packet)
    found: dict[str, list[str]] = {}
    # Descriptions further inside are parts of a value: other files' metadata, the history of edits.
    core = next(root.iter(f"{_RDF}RDF"), None) if root is not None else None
    for description in core.iterfind(f"{_RDF}Description") if core is not None else ():
        for name, value in _properties(description):
            values = found.setdefault(name, [])
            if len(values) < MOST_VALUES:
                values.append(value)
    return {name: tuple(values) for name, values in found.items() if values}


def _parse(packet: bytes) -> Element | None:
    for mark, encoding in _UTF_16.items():
        if packet.startswith(mark):
            # Without a byte-order mark inside, no parser guesses these.
            packet = packet.decode(encoding, errors="ignore").lstrip("\ufeff").encode()
            break
    packet = packet.strip(b"\0 \t\r\n")
    begin, ends = _BEGIN.search(packet), [end.end() for end in _END.finditer(packet)]
    # Some writers leave a broken wrapper or stray bytes around a sound core.
    for text in (packet, packet[begin.start() : ends[-1]] if begin and ends else b""):
        try:
            root: Element = fromstring(text)
        except (ParseError, DefusedXmlException, ValueError, LookupError):
            continue
        return root
    return None


def _properties(description: Element) -> Iterator[tuple[str, str]]:
    for name, value in description.attrib.items():
        if (known := _name(name)) is not None:
            yield known, value
    for child in description:
        known = _name(child.tag)
        if known is None:
            continue
        items = [item for kind in ("Alt", "Seq", "Bag") for item in child.iterfind(f"{_RDF}{kind}/{_RDF}li")]
        items.sort(key=lambda item: item.get(_LANGUAGE, "x-default") != "x-default")
        for item in items or [child]:
            if text := _text(item):
                yield known, text


def _text(element: Element) -> str:
    if element.text and element.text.strip():
        return element.text
    return element.findtext(f"{_RDF}value") or element.findtext(f"{_RDF}Description/{_RDF}value") or ""


def _name(tag: str) -> str | None:
    space, _, local = tag.removeprefix("{").partition("}")
    prefix = _PREFIXES.get(space)
    return f"{prefix}:{local}" if prefix and local else None
