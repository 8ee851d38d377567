"""Integrity: originals are read again, a share a day, and compared with the digest that names them."""

from __future__ import annotations

from dataclasses import dataclass

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
        known = libraries.library_ids(connection)
        expected = {(library, sha256) for library, sha256, _ in contents.kept_originals(connection)}
    stored = {
        (library, kept.key.rpartition("/")[2])
        for library in known
        for kept in platform.objects.list(f"{library}/originals/")
    }
    mine = sorted(one for one in expected | stored if int(one[1][:8], 16) % SHARES == share)
    broken = []
    for library, sha256 in mine:
        try:
            platform.objects.verify(original_key(library, sha256), sha256)
        except (ObjectMissing, ObjectCorrupt) as damage:
            broken.append(sha256)
            with platform.state.begin() as connection:
                photo = contents.photo_of(connection, library, sha256)
                reason = f"the original is damaged: {damage}"
                failures.record(
                    connection,
                    library,
                    None,
                    [NewFailure(output="originals", kind="corrupt", reason=reason, photo_id=photo)],
                )
    return IntegrityReport(len(mine), tuple(broken))
