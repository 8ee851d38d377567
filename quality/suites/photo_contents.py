"""Contents: they belong to photos, and one set of bytes is one photo."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule, photos_known


def _bytes_of_two_photos(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame.drop_duplicates(["library_id", "sha256", "photo_id"])
    return frame[frame.duplicated(["library_id", "sha256"], keep=False)]


RULES = (
    photos_known(),
    Rule("the same bytes are one photo in a library", Severity.BLOCK, _bytes_of_two_photos),
)
