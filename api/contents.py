"""Answers by their entity: bytes whole or in ranges, JSON, or nothing when the client has it already (RFC 9110)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from api.problems import RANGE, Problem

CHUNK = 256 * 1024
ASK_AGAIN = "private, no-cache"
"""What a client may keep, if it asks each time whether it is still so."""

_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Content:
    """Bytes about to be sent. `etag` is the strong validator, without quotes."""

    stream: BinaryIO
    size_bytes: int
    media_type: str
    etag: str
    cache: str
    file_name: str | None = None


def unchanged(headers: Headers, etag: str) -> bool:
    """Whether `If-None-Match` says that the client has this entity (weak comparison)."""
    wanted = headers.get("if-none-match")
    if wanted is None:
        return False
    return wanted.strip() == "*" or etag in re.findall(r'"([^"]*)"', wanted)


def still(headers: Headers, etag: str) -> bool | None:
    """Whether `If-Match` names this entity (strong comparison); `None` when it was not sent."""
    wanted = headers.get("if-match")
    if wanted is None:
        return None
    return wanted.strip() == "*" or etag in re.findall(r'(?<!W/)"([^"]*)"', wanted)


def tag_of(said: str) -> str:
    """The validator of an entity, by what it says."""
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def tagged(body: BaseModel, etag: str | None = None, status: int = 200, **headers: str) -> Response:
    """An entity as JSON, with its validator: `etag`, or by what it says."""
    said = body.model_dump_json()
    told = {"ETag": f'"{etag or tag_of(said)}"', "Cache-Control": ASK_AGAIN, **headers}
    return Response(said, status, told, "application/json")


def fresh(headers: Headers, body: BaseModel) -> Response:
    """An entity as JSON, or that the client has it already."""
    answer = tagged(body)
    etag = answer.headers["etag"].strip('"')
    return not_modified(etag) if unchanged(headers, etag) else answer


def not_modified(etag: str, cache: str = ASK_AGAIN) -> Response:
    """The answer when the client has the entity already."""
    return Response(status_code=304, headers={"ETag": f'"{etag}"', "Cache-Control": cache})


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; `None` when the whole is to be sent.

    Several ranges and units other than bytes are ignored, as RFC 9110 allows. Raises `Problem` (416) when the range
    lies outside of `size` bytes.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()):
        return None
    first_text, last_text = match.groups()
    if not first_text:
        first, last = max(0, size - int(last_text)), size - 1
        satisfiable = int(last_text) > 0 and size > 0
    else:
        first, last = int(first_text), min(int(last_text) if last_text else size - 1, size - 1)
        if last_text and int(last_text) < first:
            return None
        satisfiable = first < size
    if not satisfiable:
        headers = {"Content-Range": f"bytes */{size}"}
        raise Problem(RANGE, f"The file has {size} bytes.", headers=headers)
    return first, last


def send(headers: Headers, content: Content) -> Response:
    """The content, or the range of it that was asked for: 200, 206, 304, or a problem with 416. Closes the stream."""
    if unchanged(headers, content.etag):
        content.stream.close()
        return not_modified(content.etag, content.cache)
    fresh = headers.get("if-range") in (None, f'"{content.etag}"')
    try:
        part = parse_range(headers.get("range"), content.size_bytes) if fresh else None
    except Problem:
        content.stream.close()
        raise
    first, last = part or (0, content.size_bytes - 1)
    answer = {
        "ETag": f'"{content.etag}"',
        "Cache-Control": content.cache,
        "Accept-Ranges": "bytes",
        "Content-Length": str(last - first + 1),
    }
    if part is not None:
        answer["Content-Range"] = f"bytes {first}-{last}/{content.size_bytes}"
    if content.file_name is not None:
        answer["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(content.file_name, safe='')}"
    chunks = _chunks(content.stream, first, last - first + 1)
    return StreamingResponse(chunks, 206 if part else 200, answer, content.media_type)


async def _chunks(stream: BinaryIO, offset: int, length: int) -> AsyncIterator[bytes]:
    try:
        await run_in_threadpool(stream.seek, offset)
        while length > 0:
            chunk = await run_in_threadpool(stream.read, min(CHUNK, length))
            if not chunk:
                raise EOFError("the file became shorter while it was sent")
            length -= len(chunk)
            yield chunk
    finally:
        stream.close()
