"""Pictures for whole-platform tests: each says its own name, so that nothing can be taken for something else.

A picture's text, its display rendition and its file's name agree: an answer that mixes two photos up is noticed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from darkroom.testing.readers import FakeTextReader, coded, jpeg


def words(prefix: str, number: int) -> list[str]:
    """Names of so many pictures."""
    return [f"{prefix}n{index:04}" for index in range(number)]


def picture(word: str) -> bytes:
    """A small JPEG that says `word`."""
    return jpeg(coded(word))


def write_pictures(folder: Path, names: Iterable[str]) -> list[Path]:
    """Writes a picture per name to `folder/name.jpg`."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for word in names:
        path = folder / f"{word}.jpg"
        path.write_bytes(picture(word))
        written.append(path)
    return written


def read_back(data: bytes) -> str:
    """What a rendition says."""
    import io

    import numpy as np
    from PIL import Image

    reader = FakeTextReader()
    reader.load()
    with Image.open(io.BytesIO(data)) as image:
        return "\n".join(line.text for line in reader.read([np.asarray(image.convert("RGB"))])[0].lines)
