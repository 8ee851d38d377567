"""Duplicates: groups that partition photos, waste that is really there, and decisions that hold."""

import pandas as pd

from darkroom.contracts.table import Severity
from darkroom.services.evidence import DECISIONS, FILES
from quality.rules import Evidence, Rule


def _twice(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    return frame[frame.duplicated(["library_id", "kind", "photo_id"], keep=False)]


def _alone(evidence: Evidence) -> pd.DataFrame:
    """Groups of one photo, but for one in several files, which no other photo shares."""
    frame = evidence.frame
    size = frame.groupby("group_id")["photo_id"].transform("size")
    bytes_ = frame["kind"] == "bytes"
    return frame[(bytes_ & ((size != 1) | (frame["files"] < 2))) | (~bytes_ & (size < 2))]


def _not_one_keeper(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    keepers = frame.groupby("group_id")["is_keeper"].transform("sum")
    return frame[keepers != 1]


def _of_several_kinds(evidence: Evidence) -> pd.DataFrame:
    frame = evidence.frame
    shared = frame.groupby("group_id")[["kind", "library_id", "decided"]].transform("nunique")
    return frame[(shared != 1).any(axis=1)]


def _not_what_is_redundant(evidence: Evidence) -> pd.DataFrame:
    """Of the same bytes the waste is another file's; of the other kinds it is the size of every photo not kept."""
    frame = evidence.frame
    redundant = frame["size_bytes"].where(~frame["is_keeper"], 0)
    return frame[(frame["kind"] != "bytes") & (frame["wasted_bytes"] != redundant)]


def _wasted_twice(evidence: Evidence) -> pd.DataFrame:
    """Photos that are redundant among equal pixels and then again among the nearly equal."""
    frame = evidence.frame
    redundant = frame[(frame["kind"] != "bytes") & ~frame["is_keeper"]]
    return redundant[redundant.duplicated(["library_id", "photo_id"], keep=False)]


def _other_files(evidence: Evidence) -> pd.DataFrame:
    """Rows whose number of files, size of one, or size of the rest is not what is published."""
    frame, files = evidence.frame, evidence.of(FILES)
    held = files.groupby("photo_id")["size_bytes"]
    count, total = (frame["photo_id"].map(known).astype("float64") for known in (held.size(), held.sum()))
    sizes = set(zip(files["photo_id"], files["size_bytes"], strict=True))
    unknown = [key not in sizes for key in zip(frame["photo_id"], frame["size_bytes"], strict=True)]
    rest = (frame["kind"] == "bytes") & (frame["wasted_bytes"] != total - frame["size_bytes"])
    return frame[(count != frame["files"]) | pd.Series(unknown, frame.index, dtype=bool) | rest]


def _against_decisions(evidence: Evidence) -> pd.DataFrame:
    """Decisions that do not hold: photos kept apart that are grouped, redundant ones that are not with their keeper."""
    frame, decisions = evidence.frame, evidence.of(DECISIONS)
    place = frame["kind"] + frame["photo_id"]
    group, kept = dict(zip(place, frame["group_id"], strict=True)), set(place[frame["is_keeper"]])
    one, other = decisions["kind"] + decisions["photo_id"], decisions["kind"] + decisions["other_id"]
    together = one.isin(group) & (one.map(group) == other.map(group))
    stands = (together & other.isin(kept)).where(decisions["verdict"] == "kept", ~together)
    return decisions[~stands]


RULES = (
    Rule("a photo is in at most one group of a kind", Severity.BLOCK, _twice),
    Rule("a group has two photos, or one photo in two files", Severity.BLOCK, _alone),
    Rule("a group keeps one photo", Severity.BLOCK, _not_one_keeper),
    Rule("a group is of one kind and one library, decided or not", Severity.BLOCK, _of_several_kinds),
    Rule("what is wasted is what is not kept", Severity.BLOCK, _not_what_is_redundant),
    Rule("no photo is wasted twice", Severity.BLOCK, _wasted_twice),
    Rule("files and their sizes are the published ones", Severity.BLOCK, _other_files, needs=(FILES,)),
    Rule("what people decided holds", Severity.BLOCK, _against_decisions, needs=(DECISIONS,)),
)
