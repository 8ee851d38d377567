"""Writing the sample library into a folder: the same bytes every time, so that importing it again finds nothing new.

Belongs here: rendering and writing. Does not belong here: what is written (`pictures`, `documents`).
"""

from __future__ import annotations

import importlib.util
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import ExifTags, Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from darkroom.samples.documents import DOCUMENTS, Document
from darkroom.samples.pictures import PICTURES, WHOLE, Picture

PAPER = (248, 245, 236)
INK = (32, 32, 36)
_TURN_BACK = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}


class SamplesMissing(RuntimeError):
    """A package that ships sample pictures is not installed."""


def write_library(folder: Path) -> list[Path]:
    """Writes the samples that are not there yet; returns all their paths. Raises `SamplesMissing`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for picture in PICTURES:
        target = folder / "photos" / picture.name
        if not target.exists():
            _save(_open(picture), target, _exif(picture), picture.title, picture.keywords, picture.view.quality)
        paths.append(target)
    for document in DOCUMENTS:
        target = folder / "papers" / document.name
        if not target.exists():
            exif = _exif_of(document.taken, ("Google", "Pixel 7"))
            exif[ExifTags.Base.Orientation] = document.orientation
            page = render(document)
            turned = page.transpose(_TURN_BACK[document.orientation]) if document.orientation != 1 else page
            _save(turned, target, exif, document.lines[0], document.keywords)
        paths.append(target)
    return paths


def render(document: Document) -> Image.Image:
    """The page upright, RGB, of the document's size."""
    width, height = document.size
    page = Image.new("RGB", document.size, PAPER)
    draw = ImageDraw.Draw(page)
    step = height / (len(document.lines) + 2)
    for number, line in enumerate(document.lines):
        size = int(min(step * 0.55, width / 16) * (1.3 if number == 0 else 1.0))
        font = _font(size)
        while draw.textlength(line, font=font) > width * 0.86:
            size -= 2
            font = _font(size)
        draw.text((width * 0.07, step * (number + 0.8)), line, fill=INK, font=font)
    if document.skew_degrees:
        page = page.rotate(document.skew_degrees, resample=Image.Resampling.BICUBIC, fillcolor=(120, 110, 100))
    return page


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_package_file("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf"), size)


def _open(picture: Picture) -> Image.Image:
    view = picture.view
    with Image.open(_package_file(picture.package, picture.path)) as image:
        shown = image.convert("RGB")
    if view.part != WHOLE.part:
        left, top, right, bottom = view.part
        shown = shown.crop((left * shown.width, top * shown.height, right * shown.width, bottom * shown.height))
    if view.mirrored:
        shown = ImageOps.mirror(shown)
    if view.scale != 1:
        shown = shown.resize((round(shown.width * view.scale), round(shown.height * view.scale)))
    return ImageEnhance.Brightness(shown).enhance(view.light) if view.light != 1 else shown


def _package_file(package: str, path: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SamplesMissing(f"the sample library needs the package {package}: install darkroom[demo] (`make setup`)")
    return Path(found.origin).parent / path


def _exif(picture: Picture) -> Image.Exif:
    exif = _exif_of(picture.taken, picture.camera)
    if picture.place:
        latitude, longitude = picture.place
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        gps[ExifTags.GPS.GPSLatitudeRef] = "N" if latitude >= 0 else "S"
        gps[ExifTags.GPS.GPSLatitude] = _degrees(latitude)
        gps[ExifTags.GPS.GPSLongitudeRef] = "E" if longitude >= 0 else "W"
        gps[ExifTags.GPS.GPSLongitude] = _degrees(longitude)
    return exif


def _exif_of(taken: str | None, camera: tuple[str, str] | None) -> Image.Exif:
    exif = Image.Exif()
    if camera:
        exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = camera
    if taken:
        details = exif.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = taken
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    whole = abs(value)
    minutes = (whole - int(whole)) * 60
    return float(int(whole)), float(int(minutes)), round((minutes - int(minutes)) * 60, 3)


def _xmp(title: str | None, keywords: tuple[str, ...]) -> bytes:
    words = "".join(f"<rdf:li>{escape(word)}</rdf:li>" for word in keywords)
    named = (
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>'
        if title
        else ""
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"{named}<dc:subject><rdf:Bag>{words}</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def _save(
    image: Image.Image,
    target: Path,
    exif: Image.Exif,
    title: str | None,
    keywords: tuple[str, ...],
    quality: int = WHOLE.quality,
) -> None:
    """Writes beside the target and renames, so that a half-written sample is never imported."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(f".{zlib.crc32(target.name.encode()):08x}.part")
    if target.suffix == ".png":
        image.save(draft, format="PNG", exif=exif)
    else:
        image.save(draft, format="JPEG", quality=quality, exif=exif, xmp=_xmp(title, keywords))
    draft.rename(target)
