"""Integrity: originals are read again, a share a day, and compared with the digest that names them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from darkroom.domain.identity import original_key
from darkroom.sdk.stores import ObjectCorrupt, ObjectMissing
from darkroom.services.platform import Platform
from darkroom.stores.state import contents, failures, libraries
from darkroom.stores.state.failures import NewFailure

SHARES = 30
"""Originals are verified in this many shares: one a day, all within a month."""


@dataclass(frozen=True)
class IntegrityReport:
    """How many originals were read, and the keys of those that are missing or damaged."""

    checked: int
    broken: tuple[str, ...]


def verify_share(platform: Platform, share: int) -> IntegrityReport:
    """Verifies the kept originals whose digest falls into `share` (0 ≤ share < `SHARES`) and records what is broken.

    They are those that should be there and those that are: of a file that was overwritten the former content, too.
    """
    with platform.state.begin() as connection:
        kept: dict[tuple[UUID, str], UUID | None] = {
            (library, sha256): photo for library, sha256, photo in contents.kept_originals(connection)
        }
        for library in libraries.library_ids(connection):
            for stored in platform.objects.list(f"{library}/originals/"):
                sha256 = stored.key.rpartition("/")[2]
                if (library, sha256) not in kept:
                    kept[library, sha256] = contents.photo_of(connection, library, sha256)
    mine = [(*key, photo) for key, photo in sorted(kept.items()) if int(key[1][:8], 16) % SHARES == share]
    broken = []
    for library, sha256, photo in mine:
        try:
            platform.objects.verify(original_key(library, sha256), sha256)
        except (ObjectMissing, ObjectCorrupt) as damage:
            broken.append(sha256)
            with platform.state.begin() as connection:
                reason = f"the original is damaged: {damage}"
                failures.record(
                    connection,
                    library,
                    None,
                    [NewFailure(output="originals", kind="corrupt", reason=reason, photo_id=photo)],
                )
    return IntegrityReport(len(mine), tuple(broken))
