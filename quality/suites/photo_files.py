"""Files: every file's bytes are content of its photo."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import Evidence, Rule, photos_known, whole_objects


def _bytes_unknown(evidence: Evidence) -> pd.DataFrame:
    contents = evidence.of("photo_contents")[["photo_id", "sha256"]].drop_duplicates()
    joined = evidence.frame.merge(contents, on=["photo_id", "sha256"], how="left", indicator=True)
    return joined[joined["_merge"] == "left_only"]


def _leads_out_of_the_source(evidence: Evidence) -> pd.DataFrame:
    paths = evidence.frame["path"].astype("str")
    return evidence.frame[paths.str.startswith("/") | paths.str.contains(r"(?:^|/)\.\.(?:/|$)", regex=True)]


RULES = (
    photos_known(),
    Rule("the bytes of every file are content of its photo", Severity.BLOCK, _bytes_unknown, needs=("photo_contents",)),
    Rule("paths stay inside their source", Severity.BLOCK, _leads_out_of_the_source),
    whole_objects(),
)
