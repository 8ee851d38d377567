"""What a worker process may use, and how it ties its own hands.

Belongs here: the limits as data, and the calls by which a child applies them to itself before it sees untrusted bytes.
Does not belong here: keeping the time limit, which is the parent's (`process.py`): a hung process cannot watch itself.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from dataclasses import dataclass

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38


@dataclass(frozen=True)
class Limits:
    """Bounds of one worker.

    `memory_bytes` is address space; `seconds` is wall time per task; `start_seconds` is wall time until the handler is
    built (models load then); `file_bytes` is the size a written file may reach; `open_files` counts descriptors.
    """

    memory_bytes: int
    seconds: float
    start_seconds: float = 120.0
    file_bytes: int = 0
    open_files: int = 256


def die_with_parent(parent: int) -> None:
    """Asks the kernel to kill this process when the thread that started it ends, and forbids gaining privileges.

    `parent` is the pid that started this process; when it is gone already this process exits at once.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_PDEATHSIG, int(signal.SIGKILL)), (PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
    if os.getppid() != parent:
        os._exit(1)


def bound_memory(limits: Limits) -> None:
    """Bounds address space and forbids core dumps; called before the handler is built."""
    _lower(resource.RLIMIT_AS, limits.memory_bytes)
    _lower(resource.RLIMIT_CORE, 0)


def bound_files(limits: Limits) -> None:
    """Bounds written files and descriptors; called after the handler is built, whose imports may write byte code."""
    _lower(resource.RLIMIT_FSIZE, limits.file_bytes)
    _lower(resource.RLIMIT_NOFILE, limits.open_files)


def _lower(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (bound, bound))
