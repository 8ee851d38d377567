"""Is a part alive? One probe per kind of part; each returns why not, or None.

Belongs here: asking from outside, quickly, without credentials where the part allows it. Does not belong here: what to
do about the answer (`supervisor`).
"""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable

from sqlalchemy.engine import URL

from darkroom.supervision.postgres import connection_fault

Probe = Callable[[], str | None]
SECONDS = 5.0
"""How long one probe may take."""


def http_probe(host: str, port: int, path: str) -> Probe:
    """Asks for `path`; any answer below 500 is life."""

    def probe() -> str | None:
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return _say(error)
        finally:
            connection.close()
        return None if status < 500 else f"answers {status}"

    return probe


def code_server_probe(host: str, port: int) -> Probe:
    """Pings a Dagster code server. An empty message is a valid ping, so nothing of Dagster is needed."""

    def probe() -> str | None:
        try:  # a refused connection is told at once; gRPC would wait for its own deadline
            socket.create_connection((host, port), timeout=SECONDS).close()
        except OSError as error:
            return _say(error)
        import grpc  # type: ignore[import-untyped]

        with grpc.insecure_channel(f"{host}:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
            ping = channel.unary_unary(
                "/api.DagsterApi/Ping", request_serializer=_unchanged, response_deserializer=_unchanged
            )
            try:
                ping(b"", timeout=SECONDS)
            except grpc.RpcError as error:
                return str(error.code().name).lower().replace("_", " ")
        return None

    return probe


def postgres_probe(url: URL) -> Probe:
    """Opens a session."""
    return lambda: connection_fault(url)


def no_probe() -> str | None:
    """For a part that listens nowhere and ends by itself when it is ill: that it runs is all there is to know."""
    return None


def _unchanged(value: bytes) -> bytes:
    return value


def _say(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
