"""What taking in one file came to: its rows, the states of its outputs, its failures.

Belongs here: turning what was read and decoded into rows and states. Does not belong here: reading and decoding, or the
order in which it is committed (`intake`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from darkroom.contracts.files import PhotoFile
from darkroom.contracts.fingerprints import Fingerprint
from darkroom.contracts.metadata import PhotoMetadata
from darkroom.contracts.photos import Photo, PhotoContent
from darkroom.contracts.renditions import Rendition
from darkroom.contracts.table import Row
from darkroom.decoding.inspection import Inspection
from darkroom.domain import identity
from darkroom.domain.outputs import INTAKE_OUTPUTS, PHOTO
from darkroom.services.files import FileBytes, FileFault
from darkroom.services.platform import Platform
from darkroom.stores.state.batches import Batch, Item
from darkroom.stores.state.failures import NewFailure
from darkroom.stores.state.outputs import OutputVersion, PhotoOutput
from darkroom.stores.state.sources import SeenFile, Source


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


def refused(item: Item, source: Source, fault: FileFault) -> Intaken:
    """A file that is no photo, or could not be read; one that may be readable later is looked at by every import."""
    path = item.file.path if item.file else None
    if fault.kind is None:
        return Intaken(item, "unsupported")
    failure = NewFailure(
        output="intake", kind=fault.kind, reason=fault.reason, transient=fault.transient, source_id=source.id, path=path
    )
    outcome = "unsupported" if fault.kind == "unsupported" else "failed"
    return Intaken(item, outcome, failures=[failure], settled=not fault.transient)


def file_only(
    context: IntakeContext,
    item: Item,
    seen: SeenFile,
    source: Source,
    sha256: str,
    photo_id: UUID,
    file: FileBytes | None = None,
) -> Intaken:
    """A photo is in this file as well, or still; without `file` its content was not read again."""
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


def add_photo(
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
