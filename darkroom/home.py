"""The home folder: where each part keeps its files, and how processes find each other.

Belongs here: paths, the endpoints file, the secrets file, database addresses. Does not belong here: starting anything
(`supervision`), or what is inside the files of a store (`stores`).
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.engine import URL

Role = Literal["darkroom", "darkroom_api", "dagster", "lake", "lake_reader"]
DATABASE_OF: dict[Role, str] = {
    "darkroom": "darkroom",
    "darkroom_api": "darkroom",
    "dagster": "dagster",
    "lake": "lake",
    "lake_reader": "lake",
}
PARAMETERS = frozenset(
    {
        *("sslmode", "sslnegotiation", "sslrootcert", "sslcert", "sslkey", "sslcrl", "sslcrldir", "sslsni"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding", "gssencmode"),
        *("connect_timeout", "tcp_user_timeout", "target_session_attrs"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    }
)
"""What libpq may be told about the way to a server, whoever asks: every role goes the administrator's way."""


class NotRunning(RuntimeError):
    """A part of the platform that is needed has no address: `darkroom up` has not been run."""


@dataclass(frozen=True)
class Home:
    """Paths of one home. Nothing is created by looking."""

    root: Path

    @property
    def run(self) -> Path:
        """Runtime files: endpoints, pids, the CLI's key (mode 0700)."""
        return self.root / "run"

    @property
    def secrets(self) -> Path:
        """Passwords and keys that must survive a restart (mode 0700)."""
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        """One log file per supervised process."""
        return self.root / "logs"

    @property
    def objects(self) -> Path:
        """Root of the object store."""
        return self.root / "objects"

    @property
    def lake(self) -> Path:
        """Root of the lake's data files."""
        return self.root / "lake"

    @property
    def vectors(self) -> Path:
        """Root of the vector index."""
        return self.root / "vectors"

    @property
    def dagster(self) -> Path:
        """DAGSTER_HOME."""
        return self.root / "dagster"

    @property
    def endpoints_file(self) -> Path:
        """Addresses of the running parts."""
        return self.run / "endpoints.json"

    def endpoints(self) -> dict[str, dict[str, str | int]]:
        """Addresses by part, for example `{"postgres": {"host": …, "port": …}, "api": {"url": …}}`.

        Raises `NotRunning` when the platform has not been started.
        """
        return _read_json(self.endpoints_file)

    def passwords(self) -> dict[str, str]:
        """Database password by role. Raises `NotRunning` before the first start."""
        return _read_json(self.secrets / "postgres.json")

    def database_url(self, role: Role) -> URL:
        """SQLAlchemy address of the database `role` belongs to."""
        server = self.endpoints()["postgres"]
        return URL.create(
            "postgresql+psycopg2",
            username=role,
            password=self.passwords()[role],
            host=str(server["host"]),
            port=int(server["port"]),
            database=DATABASE_OF[role],
            query=dict(parse_qsl(str(server.get("parameters", "")))),
        )

    def cli_key(self) -> str:
        """The API key the CLI uses. Raises `NotRunning` before the first start."""
        try:
            return (self.run / "cli.key").read_text().strip()
        except FileNotFoundError as error:
            raise NotRunning(f"{self.root} is not running: run `darkroom up`") from error


def server_address(admin: URL) -> dict[str, str | int]:
    """What `endpoints.json` says of the Postgres of `admin`: nothing of who asks. Files are named absolutely."""
    kept = {
        name: str(Path(value).absolute()) if isinstance(value, str) and Path(value).is_file() else value
        for name, value in admin.query.items()
        if name in PARAMETERS
    }
    return {"host": str(admin.host), "port": admin.port or 5432, "parameters": urlencode(kept)}


def write_private(path: Path, text: str) -> None:
    """Replaces `path` by `text` in one step, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read_json(path: Path) -> dict:  # type: ignore[type-arg]
    try:
        return json.loads(path.read_text())  # type: ignore[no-any-return]
    except FileNotFoundError as error:
        raise NotRunning(f"{path.parent.parent} is not running: run `darkroom up`") from error
