"""The worker process: `python -m darkroom.workers.child DESCRIPTOR PARENT_PID`.

It ties its hands, builds the handler it is told to, says so, and answers tasks until its socket closes.
Does not belong here: anything a particular handler needs, and any import the handler does not make itself.
"""

from __future__ import annotations

import importlib
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from darkroom.workers.channel import Blob, ChannelClosed, Message, receive, send
from darkroom.workers.limits import Limits, bound_files, bound_memory, die_with_parent

MESSAGE_CHARACTERS_MAX = 2000


class Handler(Protocol):
    """What an entry names: built once per process with its configuration, then called for one task at a time."""

    def handle(self, task: dict[str, Any], blobs: list[memoryview]) -> tuple[dict[str, Any], Sequence[Blob]]:
        """Answers a task. The result must be JSON; an exception becomes the caller's `TaskFailed`."""


def load_handler(entry: str, config: dict[str, Any]) -> Handler:
    """Builds the handler named `module:Class`."""
    module, _, name = entry.partition(":")
    handler: Handler = getattr(importlib.import_module(module), name)(config)
    return handler


def serve(sock: socket.socket, parent: int) -> None:
    """Runs one worker until the parent closes the socket or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    start = receive(sock).header
    limits = Limits(**start["limits"])
    bound_memory(limits)
    try:
        handler = load_handler(start["entry"], start["config"])
    except Exception as error:  # noqa: BLE001 - whatever keeps a handler from being built is reported, not judged, here
        send(sock, _fault(error))
        return
    bound_files(limits)
    send(sock, {"ready": True})
    while True:
        _answer(sock, handler, receive(sock, take_shared=True))


def _answer(sock: socket.socket, handler: Handler, message: Message) -> None:
    try:
        result, blobs = handler.handle(message.header["task"], message.blobs)
    except Exception as error:  # noqa: BLE001 - a handler's exception belongs to its caller, on the other side
        send(sock, _fault(error))
        return
    try:
        send(sock, {"result": result}, blobs)
    except (TypeError, ValueError) as error:
        send(sock, _fault(error))


def _fault(error: Exception) -> dict[str, Any]:
    return {"fault": {"kind": type(error).__name__, "message": str(error)[:MESSAGE_CHARACTERS_MAX]}}


def main() -> None:
    """Entry of the process."""
    with socket.socket(fileno=int(sys.argv[1])) as sock:
        try:
            serve(sock, int(sys.argv[2]))
        except ChannelClosed:
            return


if __name__ == "__main__":
    main()
