"""Which port each part listens on: a default that is busy gives way, an explicit one does not.

Belongs here: choosing ports so that several homes on one machine do not meet. Does not belong here: listening.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULTS = {"postgres": 54320, "api": 8360, "dagster": 8361}
LOOPBACK = "127.0.0.1"


class PortBusy(RuntimeError):
    """A port that was asked for by name is in use."""


@dataclass
class Ports:
    """Ports chosen by this process, reserved among the Darkrooms of this machine until `release`.

    A reservation is an abstract socket: the kernel drops it with the process, and no file or right is needed.
    """

    former: Mapping[str, int] = field(default_factory=dict)
    _reserved: dict[int, socket.socket] = field(default_factory=dict)

    def choose(self, part: str, explicit: int | None = None, host: str = LOOPBACK) -> int:
        """A free port for `part`: the explicit one, else its default, else its former one, else any.

        Raises `PortBusy` when an explicit port is in use.
        """
        if explicit is not None:
            if self._take(explicit, host):
                return explicit
            reason = fault(explicit, host) or "another Darkroom has it"
            raise PortBusy(
                f"port {explicit} asked for {part} cannot be used ({reason}): "
                "end what listens there, choose another port, or leave it unset to take a free one"
            )
        for port in (DEFAULTS.get(part), self.former.get(part)):
            if port is not None and self._take(port, host):
                return port
        while True:
            with socket.socket() as probe:
                probe.bind((LOOPBACK, 0))
                port = int(probe.getsockname()[1])
            if self._take(port, host):
                return port

    def release(self) -> None:
        """Gives all reservations back."""
        while self._reserved:
            self._reserved.popitem()[1].close()

    def _take(self, port: int, host: str) -> bool:
        if port in self._reserved or fault(port, host):
            return False
        reservation = socket.socket(socket.AF_UNIX)
        try:
            reservation.bind(f"\0darkroom-port-{port}")
        except OSError as error:
            reservation.close()
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        self._reserved[port] = reservation
        return True


def fault(port: int, host: str = LOOPBACK) -> str | None:
    """Why nobody can begin to listen on `port` of `host` now, or None when one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections in TIME_WAIT are nobody's
        try:
            probe.bind((host, port))
        except OSError as error:
            return "it is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error)).lower()
        except OverflowError:
            return "there is no such port"
    return None
