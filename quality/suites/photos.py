"""Photos: sizes come in pairs, and the other stores know the same photos."""

import pandas as pd

from darkroom.contracts.table import Severity
from quality.rules import OUTPUTS, Evidence, Rule, newest


def _half_a_size(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame["width"].isna() != frame["height"].isna()]


def _without_content(evidence: Evidence) -> pd.DataFrame:
    contents = evidence.of("photo_contents")[["photo_id", "sha256"]].drop_duplicates()
    joined = evidence.frame.merge(contents, on=["photo_id", "sha256"], how="left", indicator=True)
    return joined[joined["_merge"] == "left_only"]


def _without_file(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[~frame["photo_id"].isin(evidence.of("photo_files")["photo_id"])]


def _unknown_to_the_lake(evidence: Evidence) -> pd.DataFrame:
    states = evidence.of(OUTPUTS)
    taken = states.loc[(states["output"] == "photos") & (states["state"] == "done"), ["photo_id"]]
    return taken[~taken["photo_id"].isin(evidence.frame["photo_id"])]


def _another_size_than_its_file(evidence: Evidence) -> pd.DataFrame:
    files = evidence.of("photo_files")[["photo_id", "sha256", "size_bytes"]].drop_duplicates()
    joined = newest(evidence.frame).merge(files, on=["photo_id", "sha256"], suffixes=("", "_of_file"))
    return joined[joined["size_bytes"] != joined["size_bytes_of_file"]]


RULES = (
    Rule("width and height are both known or both unknown", Severity.QUARANTINE, _half_a_size),
    Rule("the bytes of every photo are in photo_contents", Severity.BLOCK, _without_content, needs=("photo_contents",)),
    Rule("every photo was seen in a file", Severity.BLOCK, _without_file, needs=("photo_files",)),
    Rule(
        "a photo is as long as the file it was read from",
        Severity.QUARANTINE,
        _another_size_than_its_file,
        needs=("photo_files",),
    ),
    Rule("every photo that state knows as taken is in the lake", Severity.BLOCK, _unknown_to_the_lake, (OUTPUTS,)),
)
