"""Fingerprints by which equal and nearly equal pictures are found."""

from typing import Annotated

from darkroom.contracts.columns import ComputedRow
from darkroom.contracts.table import Column, Table


class Fingerprint(ComputedRow):
    """Digests of a photo's pixels: exact, and perceptual over the upright picture."""

    pixel_digest: Annotated[
        str, Column("SHA-256 over size and decoded pixels, before orientation.", pattern=r"[0-9a-f]{64}")
    ]
    dhash: Annotated[str, Column("64-bit difference hash, hex.", pattern=r"[0-9a-f]{16}")]
    phash: Annotated[str, Column("64-bit DCT hash, hex.", pattern=r"[0-9a-f]{16}")]
    miniature: Annotated[
        str | None,
        Column("32 × 32 grey values, hex, row by row; null before version 2 of the code.", pattern=r"[0-9a-f]+"),
    ]
    chroma: Annotated[
        float | None,
        Column(
            "Mean distance of the strongest from the weakest channel, 0 grey to 1; null before version 2 of the code.",
            ge=0,
            le=1,
        ),
    ]
    sharpness: Annotated[float, Column("Variance of the Laplacian of the grey display rendition.", ge=0)]
    brightness: Annotated[float, Column("Mean luma of the display rendition, 0 black to 1 white.", ge=0, le=1)]


FINGERPRINTS = Table(
    name="fingerprints",
    row=Fingerprint,
    grain="one row per photo, output version and attempt",
    primary_key=("photo_id", "output_version", "attempt"),
    output="fingerprints",
)
