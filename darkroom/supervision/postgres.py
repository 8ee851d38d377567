"""The embedded Postgres: initialise, start, connect-test, stop, recover after a crash.

The cluster lives in the home, for root too: the server is started *inside* its data folder and addresses it as its own
working directory, so its user needs no right on the folders above, and a home stays one thing that can be moved.
TCP on loopback only: a socket's path could exceed its 107 bytes in a deep home. Does not belong here: what is in the
databases (`provision`), restarting what died (`supervisor`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg2
from sqlalchemy.engine import URL

from darkroom.supervision.binaries import PostgresFault, ServerUser, programs, server_user

SUPERUSER = "postgres"
HOST = "127.0.0.1"
_INSIDE = "/proc/self/cwd"
_BASE_OPTIONS = {
    "cluster_name": "darkroom",
    "log_timezone": "UTC",
    "max_connections": "200",
    "password_encryption": "scram-sha-256",
    "summarize_wal": "on",  # incremental backups read the summaries
    "timezone": "UTC",
}


@dataclass
class EmbeddedPostgres:
    """One cluster in `folder`, its messages in `log`.

    `options` are server settings that win over ours; `sync` false skips flushing at creation (throw-away clusters).
    """

    folder: Path
    log: Path
    version: str = "18"
    options: Mapping[str, str] = field(default_factory=dict)
    sync: bool = True

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def initialised(self) -> bool:
        """Whether the cluster exists."""
        return (self.data / "PG_VERSION").is_file()

    def running(self) -> bool:
        """Whether any process of a server works in the data folder."""
        return bool(self._remnants())

    def initialise(self, password: str) -> None:
        """Creates the cluster with `password` for its superuser; does nothing when it exists.

        SCRAM for every connection, UTF-8 in the C.UTF-8 locale, data checksums. Raises `PostgresFault`.
        """
        if self.initialised:
            self._check_version()
            return
        user = server_user()
        self._own_folder(user)
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, user.uid, user.gid)
        secret = os.memfd_create("password")  # neither on disk nor in the arguments, where other users could read it
        try:
            os.write(secret, password.encode() + b"\n")
            os.fchmod(secret, 0o600)
            os.fchown(secret, user.uid, user.gid)
            command = [str(programs(self.version) / "initdb"), "-D", _INSIDE, "-U", SUPERUSER]
            command += [f"--pwfile=/proc/self/fd/{secret}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8"]
            command += ["--data-checksums", *([] if self.sync else ["--no-sync"])]
            reply = subprocess.run(  # noqa: S603
                command,
                cwd=fresh,
                env=_environment(),
                pass_fds=[secret],
                capture_output=True,
                text=True,
                check=False,
                user=user.uid,
                group=user.gid,
                extra_groups=user.extra_groups,
                umask=0o077,
            )
        finally:
            os.close(secret)
        if reply.returncode:
            raise PostgresFault(f"initdb failed: {reply.stderr.strip() or reply.stdout.strip()}")
        fresh.rename(self.data)

    def start(self, port: int) -> subprocess.Popen[bytes]:
        """Starts the server on 127.0.0.1:`port` as a child in a session of its own; `wait_ready` tells when it serves.

        A server left over from a former life is ended first. Raises `PostgresFault`.
        """
        self._check_version()
        user = server_user()
        self._own_folder(user)
        self.recover()
        options = {
            **_BASE_OPTIONS,
            **self.options,
            "listen_addresses": HOST,
            "port": str(port),
            "unix_socket_directories": "",
        }
        command = [str(programs(self.version) / "postgres"), "-D", _INSIDE]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                command,
                cwd=self.data,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user.uid,
                group=user.gid,
                extra_groups=user.extra_groups,
                umask=0o077,
            )

    def wait_ready(self, process: subprocess.Popen[bytes], admin: URL, seconds: float = 60.0) -> None:
        """Returns once the server accepts `admin`. Raises `PostgresFault` when it died or the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            fault = connection_fault(admin)
            if fault is None:
                return
            if process.poll() is not None:
                raise PostgresFault(f"Postgres ended with status {process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise PostgresFault(f"Postgres does not answer after {seconds:.0f} s ({fault}):\n{self.log_tail()}")
            time.sleep(0.05)

    def admin_url(self, port: int, password: str) -> URL:
        """Address of the maintenance database as the superuser."""
        return URL.create("postgresql+psycopg2", SUPERUSER, password, HOST, port, "postgres")

    def stop(self, process: subprocess.Popen[bytes] | None = None, seconds: float = 30.0) -> None:
        """Ends the server cleanly (connections are cut, a checkpoint is written); harder when it takes too long.

        Without `process` the server is found by the folder it runs in. Returns when it is gone.
        """
        if process is None:
            self.recover(seconds)
            return
        for number, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            if process.poll() is None:
                process.send_signal(number)
            try:
                process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self.recover()

    def recover(self, seconds: float = 30.0) -> None:
        """Ends whatever of a former server still runs in the data folder and removes its stale pid file.

        Postgres itself compares only the pid: a reused one (usual in containers) or an unreaped child would stop it
        from starting for ever.
        """
        remnants = self._remnants()
        leaders = [remnant for remnant in remnants if remnant.pid == self._recorded_pid()]
        for number, chosen, patience in (
            (signal.SIGINT, leaders, seconds),
            (signal.SIGQUIT, remnants, 5.0),
            (signal.SIGKILL, remnants, 5.0),
        ):
            _signal(chosen, number)
            psutil.wait_procs(chosen, timeout=patience)
        if alive := self._remnants():
            raise PostgresFault(f"a former Postgres (pid {alive[0].pid}) in {self.data} does not end")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def log_tail(self, lines: int = 15) -> str:
        """The end of the server's log."""
        try:
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""

    def _own_folder(self, user: ServerUser) -> None:
        """Makes the cluster's folder belong to the server's user: a copied home may come with other owners."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder.chmod(0o700)
        if os.geteuid() != 0:
            return
        for entry in (self.folder, self.data):
            if entry.exists() and entry.stat().st_uid != user.uid:
                for path in (entry, *entry.rglob("*")):
                    os.chown(path, user.uid, user.gid, follow_symlinks=False)
        if self.data.exists():
            self.data.chmod(0o700)

    def _check_version(self) -> None:
        if not self.initialised:
            raise PostgresFault(f"there is no cluster in {self.data}")
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != self.version:
            raise PostgresFault(
                f"the cluster in {self.data} was written by Postgres {found}, settings ask for {self.version}: "
                f"set DARKROOM_POSTGRES__VERSION={found}"
            )

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _remnants(self) -> list[psutil.Process]:
        """Living server processes whose working directory is the data folder, whatever their pid."""
        found = []
        folder = self.data.resolve()
        for process in psutil.process_iter():
            try:
                if (
                    process.name() == "postgres"
                    and process.status() != psutil.STATUS_ZOMBIE
                    and Path(process.cwd()).resolve() == folder
                ):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found


REFUSALS = (
    "password authentication failed",
    "no password supplied",
    "no pg_hba.conf entry",
    "is not permitted to log in",
    '" does not exist',
)
"""What a server says that hears us and will not let us in; libpq gives no code for a connection that failed."""


def refused(fault: str) -> bool:
    """Whether the server of a `connection_fault` has decided: waiting changes nothing, another user or password may."""
    return any(words in fault for words in REFUSALS)


def connection_fault(admin: URL) -> str | None:
    """Why a connection to `admin` fails, or None when it is accepted."""
    try:
        given = admin.translate_connect_args(username="user", database="dbname")
        psycopg2.connect(**{"connect_timeout": 5, **admin.query, **given}).close()
    except psycopg2.Error as error:
        return str(error).strip()
    return None


def _environment() -> dict[str, str]:
    """What the server's programs may see: nothing of ours."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _signal(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
