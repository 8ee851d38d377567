"""Messages between a pool and its workers: a JSON header and blobs over a Unix socket.

A message is a prefix (lengths), the header, and the body (the blobs end to end). The parent's large bodies travel as a
sealed memory file whose descriptor is passed along, so that a photo is not squeezed through a socket; a child always
answers inline, and the parent never takes a descriptor from it. Nothing is unpickled on either side.

Does not belong here: what a header means (`process.py`, `child.py`).
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Blob = bytes | bytearray | memoryview

PREFIX = struct.Struct(">IQ?")
INLINE_BYTES = 64 * 1024
HEADER_BYTES_MAX = 64 * 1024**2
BODY_BYTES_MAX = 1024**3
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


class ChannelClosed(ConnectionError):
    """The other side is gone, or does not speak the protocol."""


@dataclass(frozen=True)
class Message:
    """A received message. The blobs are read-only views and live as long as they are referenced."""

    header: dict[str, Any]
    blobs: list[memoryview]


def send(
    sock: socket.socket,
    header: dict[str, Any],
    blobs: Sequence[Blob] = (),
    *,
    share: bool = False,
    deadline: float | None = None,
) -> None:
    """Sends one message; with `share` a large body goes as a memory file.

    `deadline` is on the monotonic clock; `TimeoutError` when it passes, `ChannelClosed` when the other side is gone.
    """
    views = [memoryview(blob).cast("B") for blob in blobs]
    total = sum(view.nbytes for view in views)
    encoded = json.dumps(header | {"blobs": [view.nbytes for view in views]}, separators=(",", ":")).encode()
    shared = share and total > INLINE_BYTES
    prefix = PREFIX.pack(len(encoded), total, shared)
    try:
        if shared:
            file = _memory_file(views)
            try:
                _bound(sock, deadline)
                sent = socket.send_fds(sock, [prefix], [file])
            finally:
                os.close(file)
            _send_all(sock, prefix[sent:] + encoded, deadline)
            return
        _send_all(sock, prefix + encoded, deadline)
        for view in views:
            _send_all(sock, view, deadline)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ChannelClosed("the other side is gone") from error


def receive(sock: socket.socket, *, take_shared: bool = False, deadline: float | None = None) -> Message:
    """Waits for one message. Raises `TimeoutError` past the deadline and `ChannelClosed` at the end of the stream."""
    file = -1
    try:
        if take_shared:
            _bound(sock, deadline)
            head, files, _, _ = socket.recv_fds(sock, PREFIX.size, 1)
            file = files[0] if files else -1
            if not head:
                raise ChannelClosed("the other side is gone")
            head += _receive_exactly(sock, PREFIX.size - len(head), deadline)
        else:
            head = _receive_exactly(sock, PREFIX.size, deadline)
        header_bytes, total, shared = PREFIX.unpack(head)
        if header_bytes > HEADER_BYTES_MAX or (not shared and total > BODY_BYTES_MAX) or shared != (file >= 0):
            raise ChannelClosed("a message breaks the protocol")
        header = json.loads(_receive_exactly(sock, header_bytes, deadline))
        body: memoryview | mmap.mmap
        body = (
            mmap.mmap(file, total, prot=mmap.PROT_READ)
            if shared
            else memoryview(_receive_exactly(sock, total, deadline))
        )
        return Message(header, _cut(memoryview(body), header.pop("blobs")))
    except ConnectionResetError as error:
        raise ChannelClosed("the other side is gone") from error
    finally:
        if file >= 0:
            os.close(file)


def _memory_file(views: Sequence[memoryview]) -> int:
    """A sealed memory file with the views end to end: the reader can neither change nor be surprised by it."""
    file = os.memfd_create("task", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    for view in views:
        written = 0
        while written < view.nbytes:
            written += os.write(file, view[written:])
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, SEALS)
    return file


def _cut(body: memoryview, sizes: Sequence[int]) -> list[memoryview]:
    if sum(sizes) != body.nbytes or any(size < 0 for size in sizes):
        raise ChannelClosed("a message breaks the protocol")
    blobs, start = [], 0
    for size in sizes:
        blobs.append(body[start : start + size])
        start += size
    return blobs


def _send_all(sock: socket.socket, data: Blob, deadline: float | None) -> None:
    _bound(sock, deadline)
    sock.sendall(data)


def _receive_exactly(sock: socket.socket, count: int, deadline: float | None) -> bytes:
    buffer = bytearray(count)
    view, received = memoryview(buffer), 0
    while received < count:
        _bound(sock, deadline)
        got = sock.recv_into(view[received:])
        if got == 0:
            raise ChannelClosed("the other side is gone")
        received += got
    return bytes(buffer)


def _bound(sock: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        sock.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    sock.settimeout(left)
