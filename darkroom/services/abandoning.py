"""Abandoning: what a cancelled import made of photos that nobody was shown is removed from every store.

Originals that were copied stay, and which photo they are of: their file may be gone from its source since.
Belongs here: which photos those are, and the order of removing. Does not belong here: stopping runs, or waiting until
no other batch may be using the same objects (`orchestration`); photos that were published once.

State forgets first: from then on nothing takes the photos for done, and a call that was killed can be repeated, since
the items of a batch go on naming its photos.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from darkroom.domain.identity import face_key, rendition_key
from darkroom.services.gates import GATED, RECORDS
from darkroom.services.platform import Platform
from darkroom.stores.state import batches, outputs, requests

OBJECTS = (
    ("renditions", "sha256", rendition_key),
    ("faces", "thumbnail_sha256", face_key),
)
"""Which columns of the lake name objects that can be made again, and where those are kept."""


def abandon(platform: Platform, request_id: UUID) -> int:
    """Ends a request that is being cancelled, and removes what its batches left; returns of how many photos.

    No step may be running that keeps objects: the same ones can belong to another photo. The next import of the source
    takes all of its files in as if they were new; one that was asked for since looks through it again. Repeating it
    changes nothing.
    """
    with platform.state.begin() as connection:
        request = requests.request(connection, request_id)
        batches.cancel(connection, request_id)
        requests.plan_those_after(connection, request)
        photos = batches.abandoned_photos(connection, request_id)
        outputs.forget(connection, photos)
    if photos:
        _remove(platform, request.library_id, [str(photo) for photo in photos])
    with platform.state.begin() as connection:
        requests.end_cancelled(connection, request_id)
        batches.cancel(connection, request_id)  # a planner that outlived its run may have frozen one more
    return len(photos)


def _remove(platform: Platform, library_id: UUID, photo_ids: Sequence[str]) -> None:
    """The lake's rows go last: they say which objects there are."""
    platform.vectors.delete(photo_ids)
    for table, column, key in OBJECTS:
        for sha256 in platform.lake.held_alone(table, column, photo_ids):
            platform.objects.delete(key(library_id, sha256))
    for one in GATED:
        if one.name not in RECORDS:
            platform.lake.forget_photos(one.name, photo_ids)
