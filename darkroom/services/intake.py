"""Intake: each file of a batch is opened once, identified, kept, and computed from.

Belongs here: from a batch item to originals, renditions and rows, committed in small groups so that a killed run
continues where it was. Does not belong here: reading bytes (`files`), decoding (`darkroom.decoding`), models (`texts`).

The order of writes is the order a crash may interrupt: objects, then the lake, then state. State says what is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from darkroom.contracts.files import PhotoFile
from darkroom.contracts.fingerprints import Fingerprint
from darkroom.contracts.metadata import PhotoMetadata
from darkroom.contracts.photos import Photo, PhotoContent
from darkroom.contracts.renditions import Rendition
from darkroom.contracts.table import Row
from darkroom.decoding.inspection import Inspection
from darkroom.domain import identity
from darkroom.domain.grouping import groups
from darkroom.domain.outputs import INTAKE_OUTPUTS, PHOTO
from darkroom.sdk.stores import ObjectMissing
from darkroom.services.files import FileBytes, FileFault, read_photo_file
from darkroom.services.imports import Cancelled
from darkroom.services.platform import Platform
from darkroom.services.versions import declare_versions
from darkroom.stores.state import batches, contents, failures, outputs, requests, sources
from darkroom.stores.state.batches import Batch, Item
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.outputs import OutputVersion, PhotoOutput
from darkroom.stores.state.sources import SeenFile, Source

GROUP_FILES = 64
"""Files committed together."""

GROUP_SECONDS = 20.0
"""How long a finished file may wait for its group."""


@dataclass
class Intaken:
    """What taking in one item came to: rows by table, and what state must know."""

    item: Item
    outcome: str
    photo_id: UUID | None = None
    sha256: str | None = None
    pixel_digest: str | None = None
    rows: list[tuple[str, Row]] = field(default_factory=list)
    outputs: list[PhotoOutput] = field(default_factory=list)
    failures: list[NewFailure] = field(default_factory=list)
    settled: bool = True
    bytes_read: int = 0


@dataclass(frozen=True)
class IntakeContext:
    """What every file of a batch shares."""

    batch: Batch
    sources: dict[UUID, Source]
    versions: dict[str, OutputVersion]
    off: frozenset[str]


def take_in(platform: Platform, batch_id: UUID) -> Counter[str]:
    """Takes in the waiting items of a batch; returns counts: items by outcome, rows by table, `bytes_read`.

    Raises `Cancelled` between groups, and `StoreFull` when there is no room: what was committed stays.
    """
    with platform.state.begin() as connection:
        batches.begin(connection, batch_id)
        batch = batches.batch(connection, batch_id)
        items = batches.items(connection, batch_id)
        ids = {item.source_id for item in items if item.source_id is not None}
        found = {source_id: sources.source(connection, source_id) for source_id in ids}
        off = outputs.outputs_off(connection, batch.library_id)
    versions = declare_versions(platform, batch.library_id)
    context = IntakeContext(batch, found, versions, off)
    counts: Counter[str] = Counter()
    waiting = [item for item in items if item.state == "waiting"]
    finished = len(items) - len(waiting)
    if waiting:
        platform.warm(off, len(waiting))
    for group in groups(_taken(platform, context, waiting), GROUP_FILES, GROUP_SECONDS):
        _commit(platform, context, group)
        finished += len(group)
        for one in group:
            counts[one.outcome] += 1
            counts["bytes_read"] += one.bytes_read
            counts.update(table for table, _ in one.rows)
        with platform.state.begin() as connection:
            requests.record_progress(
                connection, batch.library_id, batch.request_id, batch.id, "intake", finished, len(items)
            )
            if requests.is_cancelled(connection, batch.request_id):
                raise Cancelled(f"import {batch.request_id} was cancelled after {finished} of {len(items)} files")
    return counts


def _taken(platform: Platform, context: IntakeContext, items: Sequence[Item]) -> Iterator[Intaken]:
    """Takes items in on threads, a few ahead of the sandbox, in the order they finish."""
    threads = platform.decoder.workers + 1
    remaining = iter(items)
    with ThreadPoolExecutor(threads, thread_name_prefix="intake") as pool:
        running: set[Future[Intaken]] = set()
        try:
            while True:
                while len(running) < threads and (item := next(remaining, None)) is not None:
                    running.add(pool.submit(_take_one, platform, context, item))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            for future in running:
                future.cancel()


def _take_one(platform: Platform, context: IntakeContext, item: Item) -> Intaken:
    if item.photo_id is not None:
        with platform.state.connect() as connection:
            complete = _complete(connection, context, item.photo_id)
        if complete:
            return Intaken(item, "taken", photo_id=item.photo_id, settled=False)
    if item.file is None or item.source_id is None or item.source_file_id is None:
        if item.photo_id is None:
            return Intaken(item, "taken", settled=False)
        gone = FileFault("vanished", "it is in no file any more")
        return _anew_from_kept(platform, context, item, item.photo_id, gone)
    source = context.sources[item.source_id]
    with platform.state.connect() as connection:
        moved = sources.file_known_elsewhere(connection, source.id, item.file)
        if moved is not None and _complete(connection, context, moved[1]):
            return _file_only(context, item, item.file, source, moved[0], moved[1])
    try:
        file = read_photo_file(source.root, item.file.path_raw, platform.settings.decoding.max_file_bytes)
    except FileFault as fault:
        if item.photo_id is not None:
            return _anew_from_kept(platform, context, item, item.photo_id, fault)
        return _refused(item, source, fault)
    with platform.state.connect() as connection:
        photo_id = contents.photo_of(connection, source.library_id, file.sha256)
        complete = photo_id is not None and _complete(connection, context, photo_id)
    if source.mode == "copy":
        platform.objects.put(identity.original_key(source.library_id, file.sha256), file.data, file.sha256)
    if photo_id is not None and complete:
        taken = _file_only(context, item, item.file, source, file.sha256, photo_id, file)
        taken.bytes_read = file.size_bytes
        return taken
    name = Path(item.file.path).name
    inspection = platform.decoder.submit(file.data, file_name=name, modified_at=file.modified_at).result()
    if inspection.media_type is None:
        return _refused(item, source, FileFault("unsupported", inspection.reason or "its content is no photo"))
    if photo_id is None and inspection.pixel_digest is not None:
        with platform.state.connect() as connection:
            photo_id = contents.photo_at_path_with_pixels(connection, item.source_file_id, inspection.pixel_digest)
    photo_id = photo_id or identity.photo_id(source.library_id, file.sha256)
    taken = _file_only(context, item, item.file, source, file.sha256, photo_id, file)
    taken.bytes_read = file.size_bytes
    taken.pixel_digest = inspection.pixel_digest
    _add_photo(platform, context, taken, file, inspection)
    return taken


def _anew_from_kept(
    platform: Platform, context: IntakeContext, item: Item, photo_id: UUID, fault: FileFault
) -> Intaken:
    """Makes what a published photo lacks from its kept original.

    Without one nothing is made: the outputs have failed for `fault`, and the photo stays as it is published.
    """
    seen = sorted(
        platform.lake.rows("photo_files", [str(photo_id)]).to_pylist(),
        key=lambda row: row["recorded_at"],
        reverse=True,
    )
    for row in seen:
        with (
            suppress(ObjectMissing),
            platform.objects.open(identity.original_key(context.batch.library_id, row["sha256"])) as kept,
        ):
            data = kept.read()
            break
    else:
        return _left_alone(platform, context, item, photo_id, fault)
    name, modified_at = Path(row["path"]).name, row["modified_at"]
    inspection = platform.decoder.submit(data, file_name=name, modified_at=modified_at).result()
    if inspection.media_type is None:
        damaged = FileFault("corrupt", f"its kept original is damaged: {inspection.reason}")
        return _left_alone(platform, context, item, photo_id, damaged)
    taken = Intaken(item, "taken", photo_id=photo_id, settled=False, bytes_read=len(data))
    file = FileBytes(data, row["sha256"], inspection.media_type, len(data), 0, modified_at)
    _add_photo(platform, context, taken, file, inspection)
    return taken


def _left_alone(platform: Platform, context: IntakeContext, item: Item, photo_id: UUID, fault: FileFault) -> Intaken:
    """The outputs a photo lacks have failed for `fault`; it is published no further."""
    with platform.state.connect() as connection:
        standing = outputs.of_photos(connection, [photo_id])[photo_id]
    done = {(one.output, one.version) for one in standing if one.state == "done"}
    wanted = [context.versions[output] for output in INTAKE_OUTPUTS if output not in context.off]
    reason, attempt = f"{fault.kind or 'changed'}: {fault.reason}", context.batch.sequence
    failed = [
        PhotoOutput(photo_id, one.output, "failed", one.version, one.provider, attempt, reason)
        for one in wanted
        if (one.output, one.version) not in done
    ]
    return Intaken(item, "failed", photo_id=photo_id, outputs=failed, settled=False)


def _complete(connection: Connection, context: IntakeContext, photo_id: UUID) -> bool:
    """Whether nothing that intake makes is missing for a photo."""
    wanted = [context.versions[output] for output in INTAKE_OUTPUTS if output not in context.off]
    state = {one.output: one for one in outputs.of_photos(connection, [photo_id])[photo_id]}
    if PHOTO not in state or state[PHOTO].state != "done":
        return False
    return all(
        (now := state.get(version.output)) is not None and now.state == "done" and now.version == version.version
        for version in wanted
    )


def _refused(item: Item, source: Source, fault: FileFault) -> Intaken:
    path = item.file.path if item.file else None
    if fault.kind is None:
        return Intaken(item, "unsupported")
    failure = NewFailure(
        output="intake", kind=fault.kind, reason=fault.reason, transient=fault.transient, source_id=source.id, path=path
    )
    outcome = "unsupported" if fault.kind == "unsupported" else "failed"
    return Intaken(item, outcome, failures=[failure], settled=not fault.transient)


def _file_only(
    context: IntakeContext,
    item: Item,
    seen: SeenFile,
    source: Source,
    sha256: str,
    photo_id: UUID,
    file: FileBytes | None = None,
) -> Intaken:
    row = PhotoFile(
        library_id=str(source.library_id),
        batch_id=str(context.batch.id),
        recorded_at=datetime.now(UTC),
        photo_id=str(photo_id),
        source_id=str(source.id),
        path=seen.path,
        sha256=sha256,
        size_bytes=file.size_bytes if file else seen.size_bytes,
        modified_at=file.modified_at if file else datetime.fromtimestamp(seen.mtime_ns / 1e9, UTC),
    )
    return Intaken(item, "taken", photo_id=photo_id, sha256=sha256, rows=[("photo_files", row)])


def _add_photo(
    platform: Platform, context: IntakeContext, taken: Intaken, file: FileBytes, inspection: Inspection
) -> None:
    """Adds what a decoded photo yields: its facts, its renditions (kept at once), its computed rows, its faults."""
    batch, now, photo_id = context.batch, datetime.now(UTC), str(taken.photo_id)
    fact = {"library_id": str(batch.library_id), "batch_id": str(batch.id), "recorded_at": now, "photo_id": photo_id}
    photo = Photo(
        **fact,
        attempt=batch.sequence,
        sha256=file.sha256,
        media_type=inspection.media_type or file.media_type,
        size_bytes=file.size_bytes,
        width=inspection.width,
        height=inspection.height,
        orientation=inspection.orientation,
        frames=inspection.frames,
    )
    content = PhotoContent(**fact, sha256=file.sha256, pixel_digest=inspection.pixel_digest, since=now)
    taken.rows += [("photos", photo), ("photo_contents", content)]
    taken.outputs.append(PhotoOutput(UUID(photo_id), PHOTO, "done", attempt=batch.sequence))
    for output in INTAKE_OUTPUTS:
        version = context.versions[output]
        if output in context.off:
            taken.outputs.append(PhotoOutput(UUID(photo_id), output, "off"))
            continue
        fault = inspection.faults.get(output)
        if fault is None:
            computed = {
                "photo_id": photo_id,
                "library_id": str(batch.library_id),
                "batch_id": str(batch.id),
                "attempt": batch.sequence,
                "output_version": version.version,
                "provider": version.provider,
                "computed_at": now,
            }
            taken.rows += [(output, row) for row in _computed(platform, batch.library_id, output, inspection, computed)]
        else:
            reason = NewFailure(
                output=output,
                kind=fault.kind,
                reason=fault.reason,
                transient=fault.transient,
                photo_id=UUID(photo_id),
                source_id=taken.item.source_id,
                path=taken.item.file.path if taken.item.file else None,
            )
            taken.failures.append(reason)
        taken.outputs.append(
            PhotoOutput(
                UUID(photo_id),
                output,
                "failed" if fault else "done",
                version.version,
                version.provider,
                batch.sequence,
                f"{fault.kind}: {fault.reason}" if fault else None,
            )
        )


def _computed(
    platform: Platform, library_id: UUID, output: str, inspection: Inspection, computed: dict[str, object]
) -> list[Row]:
    if output == "metadata":
        return [PhotoMetadata.model_validate({**computed, **inspection.metadata})]
    if output == "fingerprints":
        return [Fingerprint.model_validate({**computed, **(inspection.fingerprint or {})})]
    rows: list[Row] = []
    for made in inspection.renditions:
        platform.objects.put(identity.rendition_key(library_id, made.sha256), made.data, made.sha256)
        facts = {name: getattr(made, name) for name in ("kind", "sha256", "media_type", "width", "height")}
        rows.append(Rendition.model_validate({**computed, **facts, "size_bytes": len(made.data)}))
    return rows


def _commit(platform: Platform, context: IntakeContext, group: Sequence[Intaken]) -> None:
    rows: dict[str, list[Row]] = {}
    for one in group:
        for table, row in one.rows:
            rows.setdefault(table, []).append(row)
    if rows:
        platform.lake.insert(rows, message=f"intake of batch {context.batch.id}")
    batch = context.batch
    with platform.state.begin() as connection:
        for one in group:
            if one.photo_id and one.sha256:
                contents.record(connection, batch.library_id, one.sha256, one.photo_id, one.pixel_digest)
            if one.settled and one.item.source_file_id is not None:
                sources.settle_file(
                    connection, one.item.source_file_id, one.outcome, sha256=one.sha256, photo_id=one.photo_id
                )
            batches.settle_item(connection, batch.id, one.item.position, one.outcome, one.photo_id)
        outputs.record(connection, batch.library_id, [state for one in group for state in one.outputs])
        failures.record(connection, batch.library_id, batch.id, [failure for one in group for failure in one.failures])
