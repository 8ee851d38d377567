"""Intake: each file of a batch is opened once, identified, kept, and computed from.

Belongs here: from a batch item to originals, renditions and rows, committed in small groups so that a killed run
continues where it was. Does not belong here: reading bytes (`files`), decoding (`darkroom.decoding`), what becomes of
them (`intaken`), photos whose file is away (`remaking`), models (`texts`).

The order of writes is the order a crash may interrupt: objects, then the lake, then state. State says what is done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection

from darkroom.contracts.table import Row
from darkroom.domain import identity
from darkroom.domain.grouping import groups
from darkroom.domain.outputs import INTAKE_OUTPUTS, PHOTO
from darkroom.services.files import FileFault, read_photo_file
from darkroom.services.imports import Cancelled
from darkroom.services.intaken import IntakeContext, Intaken, add_photo, file_only, refused
from darkroom.services.platform import Platform
from darkroom.services.remaking import anew_from_kept
from darkroom.services.versions import declare_versions
from darkroom.stores.state import batches, contents, failures, outputs, requests, sources
from darkroom.stores.state.batches import Item

GROUP_FILES = 64
"""Files committed together."""

GROUP_SECONDS = 20.0
"""How long a finished file may wait for its group."""


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
        return anew_from_kept(platform, context, item, item.photo_id, gone)
    source = context.sources[item.source_id]
    with platform.state.connect() as connection:
        moved = sources.file_known_elsewhere(connection, source.id, item.file)
        if moved is not None and _complete(connection, context, moved[1]):
            return file_only(context, item, item.file, source, moved[0], moved[1])
    try:
        file = read_photo_file(source.root, item.file.path_raw, platform.settings.decoding.max_file_bytes)
    except FileFault as fault:
        if item.photo_id is not None:
            return anew_from_kept(platform, context, item, item.photo_id, fault)
        return refused(item, source, fault)
    with platform.state.connect() as connection:
        photo_id = contents.photo_of(connection, source.library_id, file.sha256)
        complete = photo_id is not None and _complete(connection, context, photo_id)
    if source.mode == "copy":
        platform.objects.put(identity.original_key(source.library_id, file.sha256), file.data, file.sha256)
    if photo_id is not None and complete:
        taken = file_only(context, item, item.file, source, file.sha256, photo_id, file)
        taken.bytes_read = file.size_bytes
        return taken
    name = Path(item.file.path).name
    inspection = platform.decoder.submit(file.data, file_name=name, modified_at=file.modified_at).result()
    if inspection.media_type is None:
        return refused(item, source, FileFault("unsupported", inspection.reason or "its content is no photo"))
    if photo_id is None and inspection.pixel_digest is not None:
        with platform.state.connect() as connection:
            photo_id = contents.photo_at_path_with_pixels(connection, item.source_file_id, inspection.pixel_digest)
    photo_id = photo_id or identity.photo_id(source.library_id, file.sha256)
    taken = file_only(context, item, item.file, source, file.sha256, photo_id, file)
    taken.bytes_read = file.size_bytes
    taken.pixel_digest = inspection.pixel_digest
    add_photo(platform, context, taken, file, inspection)
    return taken


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


def _commit(platform: Platform, context: IntakeContext, group: Sequence[Intaken]) -> None:
    rows: dict[str, list[Row]] = {}
    for one in group:
        for table, row in one.rows:
            rows.setdefault(table, []).append(row)
    if rows:
        platform.lake.insert(rows, message=f"intake of batch {context.batch.id}")
    batch = context.batch
    with platform.state.begin() as connection:
        batches.begin(connection, batch.id)
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
