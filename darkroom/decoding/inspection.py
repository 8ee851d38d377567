"""What inspecting a file found, and how that crosses from the sandbox to its owner.

Belongs here: the plain values. Does not belong here: computing them (the modules beside this one).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import BaseModel

TIMES = ("taken_local", "taken_utc")
"""Columns of the metadata that are times: ISO 8601 on the wire."""


@dataclass(frozen=True)
class Fault:
    """Why an output could not be made; `kind` is one of `contracts.operations.FAILURE_KINDS`."""

    kind: str
    reason: str
    transient: bool = False


@dataclass(frozen=True)
class RenditionBytes:
    """An encoded rendition; width and height are upright, in px."""

    kind: str
    media_type: str
    width: int
    height: int
    data: bytes

    @cached_property
    def sha256(self) -> str:
        """Digest of the encoded bytes, lower-case hex."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True)
class Inspection:
    """Everything one look at a file's bytes gave.

    `media_type` is `None` for what is no photo, and `reason` says what it is. Width and height are as stored, before
    `orientation`. `faults` names the outputs that could not be made; `metadata` and `fingerprint` hold the columns of
    their tables without provenance, and are empty and `None` where there is a fault.
    """

    media_type: str | None
    reason: str | None = None
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    orientation: int = 1
    pixel_digest: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    renditions: tuple[RenditionBytes, ...] = ()
    fingerprint: dict[str, Any] | None = None
    faults: dict[str, Fault] = field(default_factory=dict)


def to_wire(inspection: Inspection) -> tuple[dict[str, Any], list[bytes]]:
    """An inspection as JSON and the renditions' bytes, in order."""
    header = {name: value for name, value in vars(inspection).items() if name not in ("renditions", "metadata")}
    header["metadata"] = {name: _plain(value) for name, value in inspection.metadata.items()}
    header["faults"] = {output: asdict(fault) for output, fault in inspection.faults.items()}
    header["renditions"] = [
        {"kind": one.kind, "media_type": one.media_type, "width": one.width, "height": one.height}
        for one in inspection.renditions
    ]
    return header, [one.data for one in inspection.renditions]


def from_wire(header: Mapping[str, Any], blobs: Sequence[bytes]) -> Inspection:
    """The inspection that `to_wire` wrote. Raises `TypeError` or `ValueError` when it is none."""
    metadata = dict(header["metadata"])
    for name in TIMES:
        if metadata.get(name) is not None:
            metadata[name] = datetime.fromisoformat(metadata[name])
    renditions = (RenditionBytes(**facts, data=data) for facts, data in zip(header["renditions"], blobs, strict=True))
    faults = {output: Fault(**fault) for output, fault in header["faults"].items()}
    return Inspection(**{**header, "metadata": metadata, "renditions": tuple(renditions), "faults": faults})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
