"""One short name for the content of many rows, whatever their order: what a gate passed, publishing can recognise."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa


def content_digest(rows: pa.Table) -> str:
    """SHA-256 (hex) over the multiset of rows; the order of rows and of columns does not count, repeats do.

    Instants are compared as instants, wall times as wall times; a null differs from every value.
    """
    digests = sorted(hashlib.sha256(_canonical(row)).digest() for row in rows.to_pylist())
    return hashlib.sha256(b"".join(digests)).hexdigest()


def _canonical(row: dict[str, Any]) -> bytes:
    return json.dumps(row, sort_keys=True, default=_spelt, separators=(",", ":")).encode()


def _spelt(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo is None else value.astimezone(UTC).isoformat()
    raise TypeError(f"no canonical spelling for {type(value).__name__}")
