"""A published photo whose file cannot be read: what it lacks is made from its kept original, or not at all.

Does not belong here: photos whose file is there (`intake`), or which photos lack something (`refill`).
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from uuid import UUID

from darkroom.domain import identity
from darkroom.domain.outputs import INTAKE_OUTPUTS
from darkroom.sdk.stores import ObjectMissing
from darkroom.services.files import FileBytes, FileFault
from darkroom.services.intaken import IntakeContext, Intaken, add_photo
from darkroom.services.platform import Platform
from darkroom.stores.state import outputs
from darkroom.stores.state.batches import Item
from darkroom.stores.state.outputs import PhotoOutput


def anew_from_kept(platform: Platform, context: IntakeContext, item: Item, photo_id: UUID, fault: FileFault) -> Intaken:
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
    add_photo(platform, context, taken, file, inspection)
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
