"""Gates: the rows a batch is judged by, and the verdicts publishing trusts.

Belongs here: which rows belong to a batch, recording verdicts, checking them again before publishing. Does not belong
here: expectations (`quality`), or running checks (`orchestration`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyarrow as pa

from darkroom.contracts.catalogue import TABLES, table
from darkroom.domain.outputs import INTAKE_OUTPUTS, PHOTO
from darkroom.services.platform import Platform
from darkroom.stores.state import batches, failures, gates, outputs
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.gates import GateResult
from darkroom.stores.state.outputs import OutputVersion, PhotoOutput

GATED = tuple(one for one in TABLES if one.written_by == "batch")
"""Tables a batch writes: each has a gate, and publishing wants a passing verdict for each."""

RECORDS = ("failures", "batches", "model_runs")
"""Tables whose rows belong to a batch rather than to its photos."""


class NotGated(RuntimeError):
    """Rows of a batch have no passing verdict for exactly what they hold: they are not published."""


@dataclass(frozen=True)
class Verdict:
    """What a gate found in the rows of one table: `quarantined` maps photo ids to the reason they are set aside."""

    passed: bool
    quarantined: Mapping[str, str]
    report: dict[str, Any]


class Gatekeeper:
    """Gives gates their rows and records their verdicts."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def rows(self, names: Sequence[str], batch_id: UUID) -> dict[str, pa.Table]:
        """The rows a batch is judged by, by table."""
        return batch_rows(self._platform, names, batch_id)

    def record(self, name: str, batch_id: UUID, rows: pa.Table, verdict: Verdict) -> None:
        """Records a verdict over `rows`; a broken table's output counts as failed, quarantined photos are set aside."""
        platform = self._platform
        quarantined = [UUID(photo_id) for photo_id in verdict.quarantined]
        result = GateResult(
            name, platform.lake.snapshot(), rows.num_rows, platform.lake.digest(rows), verdict.passed, verdict.report
        )
        with platform.state.begin() as connection:
            batch = batches.batch(connection, batch_id)
            gates.record(connection, batch.library_id, batch_id, result)
            batches.quarantine(connection, batch_id, quarantined)
            set_aside = [
                NewFailure(output=_outputs_of(name)[0], kind="quarantined", reason=reason, photo_id=UUID(photo_id))
                for photo_id, reason in verdict.quarantined.items()
            ]
            failures.record(connection, batch.library_id, batch_id, set_aside)
            stopped = quarantined
            if not verdict.passed:
                stopped = stopped + batches.photos_in_state(connection, batch_id, "taken")
            versions = outputs.versions(connection, batch.library_id)
            outputs.record(connection, batch.library_id, _failed(name, stopped, versions))


def batch_rows(platform: Platform, names: Sequence[str], batch_id: UUID) -> dict[str, pa.Table]:
    """Rows of a batch's photos at the versions that count, newest attempt each, whichever batch wrote them."""
    with platform.state.begin() as connection:
        batch = batches.batch(connection, batch_id)
        taken = batches.photos_in_state(connection, batch_id, "taken", "quarantined")
        photos = [str(photo) for photo in taken]
        versions = outputs.versions(connection, batch.library_id)
        own = batches.files(connection, batch_id)
    found = {}
    for name in names:
        if name in RECORDS:
            found[name] = platform.lake.rows_of_batch(name, str(batch_id))
        elif name == "photo_files":
            found[name] = _own_files(platform.lake.rows(name, photos), own)
        else:
            output = table(name).output
            found[name] = platform.lake.rows(name, photos, versions[output].version if output else None)
    return found


def _own_files(rows: pa.Table, own: Collection[tuple[str, str, str]]) -> pa.Table:
    """The rows of the batch's own files, as they are now; all of a photo's when the batch has none of its files.

    Files of the same photos in other batches are those batches' to check and publish: their rows come at any time.
    """
    keys = list(zip(*(rows[name].to_pylist() for name in ("source_id", "path", "sha256")), strict=True))
    photos = rows["photo_id"].to_pylist()
    held = {photo for key, photo in zip(keys, photos, strict=True) if key in own}
    return rows.filter(
        pa.array([key in own or photo not in held for key, photo in zip(keys, photos, strict=True)], pa.bool_())
    )


def passed_rows(platform: Platform, batch_id: UUID) -> dict[str, pa.Table]:
    """The rows of a batch, when every gate has passed exactly these. Raises `NotGated` naming what is missing."""
    rows = batch_rows(platform, [one.name for one in GATED], batch_id)
    with platform.state.begin() as connection:
        verdicts = gates.newest(connection, batch_id)
    for name, content in rows.items():
        verdict = verdicts.get(name)
        if verdict is None:
            raise NotGated(f"table {name} of batch {batch_id} was not checked")
        if not verdict.passed:
            raise NotGated(f"the gate of table {name} of batch {batch_id} failed: {broken(verdict)}")
        if verdict.digest != platform.lake.digest(content):
            raise NotGated(f"table {name} of batch {batch_id} is not what its gate checked; run the batch again")
    return rows


def broken(result: GateResult) -> str:
    """The expectations a verdict found broken, in a phrase."""
    names = [str(one["expectation"]) for one in result.report.get("results", []) if not one["success"]]
    return "; ".join(names) or "no expectation named"


def _outputs_of(name: str) -> tuple[str, ...]:
    """Outputs to compute again when a table is broken: its own, or all of intake's for tables of facts."""
    output = table(name).output
    return (output,) if output else (PHOTO, *INTAKE_OUTPUTS)


def _failed(name: str, photos: Sequence[UUID], versions: Mapping[str, OutputVersion]) -> list[PhotoOutput]:
    reason = f"{outputs.GATE}: rows of {name} did not pass"
    known = {output: versions[output].version for output in _outputs_of(name) if output in versions}
    return [
        PhotoOutput(photo, output, "failed", known.get(output), reason=reason)
        for photo in photos
        for output in _outputs_of(name)
    ]
