"""What became of a photo or a file, as one state and one sentence.

Belongs here: the order in which facts count. Does not belong here: looking the facts up (`api/queries/why.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from darkroom.domain.states import BATCH_UNFINISHED


class Fate(StrEnum):
    """Where a photo or file stands."""

    PUBLISHED = "published"
    INCOMPLETE = "incomplete"
    PROCESSING = "processing"
    QUARANTINED = "quarantined"
    STOPPED = "stopped"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    CANCELLED = "cancelled"
    MISSING = "missing"
    WAITING = "waiting"


@dataclass(frozen=True)
class Facts:
    """What is known: states as the tables have them, newest batch and failure first.

    `outputs` maps an output to its published state; those `outdated` are of an earlier version. `batches` are (state,
    item state, error).
    """

    published: bool
    outputs: Mapping[str, str]
    outdated: Sequence[str]
    file_states: Sequence[str]
    batches: Sequence[tuple[str, str, str | None]]
    failures: Sequence[tuple[str, str]]
    broken_gates: Sequence[str]


def verdict(facts: Facts) -> tuple[Fate, str]:
    """The state that explains best what a person sees, and why."""
    if facts.published:
        return _published(facts)
    newest, item, error = facts.batches[0] if facts.batches else ("", "", None)
    reason = facts.failures[0][1] if facts.failures else None
    if newest in BATCH_UNFINISHED and item in ("waiting", "taken"):
        return Fate.PROCESSING, "It is being processed; it will be visible when its batch is published."
    if item == "quarantined":
        return Fate.QUARANTINED, f"It was set aside by a gate: {reason or 'its data broke a rule'}."
    if item == "unsupported" or "unsupported" in facts.file_states:
        return Fate.UNSUPPORTED, f"It was not taken in: {reason or 'it is no photo, but a file that goes with photos'}."
    if item == "failed" or "failed" in facts.file_states:
        return Fate.FAILED, f"It could not be taken in: {reason or 'no reason was recorded'}."
    if newest == "failed" and facts.broken_gates:
        return Fate.STOPPED, f"Its batch was stopped by the gate of {', '.join(facts.broken_gates)}."
    if newest == "failed":
        return Fate.STOPPED, f"Its batch failed: {error or 'no reason was recorded'}."
    if newest == "cancelled":
        return Fate.CANCELLED, "Its import was cancelled before it was published; import its source again."
    if facts.file_states and set(facts.file_states) == {"missing"}:
        return Fate.MISSING, "The file is no longer in its source."
    return Fate.WAITING, "It was seen and is not processed yet; import its source again if nothing is running."


def _published(facts: Facts) -> tuple[Fate, str]:
    holes = sorted(name for name, state in facts.outputs.items() if state in ("failed", "missing"))
    if holes:
        return Fate.INCOMPLETE, f"It is published; {', '.join(holes)} could not be made or are not made yet."
    if facts.file_states and set(facts.file_states) == {"missing"}:
        return Fate.PUBLISHED, "It is published; its file is no longer in its source."
    if facts.outdated:
        return Fate.PUBLISHED, f"It is published; of an earlier version, and made anew: {', '.join(facts.outdated)}."
    return Fate.PUBLISHED, "It is published and complete."
