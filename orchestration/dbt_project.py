"""The dbt project as a part of the platform: its manifest, its environment, its command, and what builds leave behind.

Belongs here: everything about running dbt that is the same for every build. Does not belong here: assets and jobs
(`marts_location`), when to build (`sensors/marts`), or the models themselves (`models_dbt`).
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from darkroom.home import Home, write_private
from darkroom.settings import LakeSettings
from darkroom.stores.lake.duck import EXTENSIONS, Catalog, extension_file
from orchestration import dbt_command

PROJECT = Path(__file__).parents[1] / "models_dbt"

QUIET = {
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
    "DBT_NO_VERSION_CHECK": "1",
    "DBT_USE_COLORS": "false",
}
"""dbt neither reports to anyone nor asks anyone for its newest version."""

PARSE_SECONDS = 300.0

_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)

_SOURCES = ("*.sql", "*.yml", "*.yaml", "*.md")
_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class ProjectInvalid(RuntimeError):
    """dbt refuses the project; the message is dbt's."""


def project_digest(project: Path = PROJECT) -> str:
    """12 hex digits over the project's files: another digest is another meaning of the marts."""
    digest = hashlib.sha256()
    for file in sorted(file for pattern in _SOURCES for file in project.rglob(pattern)):
        inside = file.relative_to(project)
        if inside.parts[0] not in ("target", "logs"):
            digest.update(f"{inside}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def parsed(project: Path = PROJECT, elsewhere: Path | None = None) -> Path:
    """The folder with `manifest.json` of exactly these project files; parses (6 s, no database) when there is none.

    It is in the project's `target`, or in `elsewhere` where this user may not use that: an image may be read-only, a
    checkout another user's. Any number of processes may ask at once. Raises `ProjectInvalid`, or `OSError` when nothing
    can be written.
    """
    name = f"parsed-{project_digest(project)}"
    try:
        return _parsed_in(project / "target" / name, project)
    except OSError as refused:
        if elsewhere is None or refused.errno not in _REFUSED:
            raise
    return _parsed_in(elsewhere / name, project)


def _parsed_in(folder: Path, project: Path) -> Path:
    if not (folder / "manifest.json").is_file():
        _parse(project, folder)
    return folder


def _parse(project: Path, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix="parsing-"))
    try:
        command = [
            sys.executable,
            "-P",
            dbt_command.__file__,
            "parse",
            "--no-partial-parse",
            "--project-dir",
            str(project),
        ]
        command += ["--profiles-dir", str(project), "--target-path", str(made), "--log-path", str(made)]
        done = subprocess.run(  # noqa: S603 — our own interpreter, our own file
            command, cwd=project, env={**os.environ, **QUIET}, capture_output=True, text=True, timeout=PARSE_SECONDS
        )
        if done.returncode != 0 or not (made / "manifest.json").is_file():
            raise ProjectInvalid(f"dbt cannot parse {project}:\n{done.stdout}{done.stderr}")
        try:
            made.rename(folder)
        except OSError:
            if not (folder / "manifest.json").is_file():
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for earlier in folder.parent.glob("parsed-*"):
        if earlier != folder:
            shutil.rmtree(earlier, ignore_errors=True)


def environment(home: Home, settings: LakeSettings) -> dict[str, str]:
    """The variables `profiles.yml` asks for, for a running home. Raises `NotRunning` without a database address."""
    url = home.database_url("lake")
    return {
        **QUIET,
        "DUCKDB_EXT_DIR": str(linked_extensions(home.run / "duckdb_extensions")),
        "DUCKDB_MEMORY_LIMIT": settings.memory_limit,
        "DUCKDB_THREADS": str(settings.threads),
        "DUCKDB_SPILL": str(home.run / "spill"),
        "PG_HOST": str(url.host),
        "PG_PORT": str(url.port or 5432),
        "PG_USER": str(url.username),
        "PG_PASSWORD": str(url.password),
        "PG_DB": str(url.database),
        "LAKE_CATALOG": Catalog(url).path,
        "LAKE_DATA": f"{home.lake}/",
        dbt_command.PARENT: str(os.getpid()),
    }


def linked_extensions(folder: Path) -> Path:
    """`folder`, laid out as DuckDB's extension directory with links to the installed packages' files.

    Raises `LakeUnavailable` for an extension that is not installed.
    """
    system = {"linux": "linux", "darwin": "osx"}[sys.platform]
    place = folder / f"v{duckdb.__version__}" / f"{system}_{_ARCHITECTURES[platform.machine()]}"
    place.mkdir(parents=True, exist_ok=True)
    for name in EXTENSIONS:
        link, file = place / f"{name}.duckdb_extension", extension_file(name)
        if not link.is_symlink() or link.readlink() != file:
            fresh = place / f".{name}.{os.getpid()}"
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(file)
            fresh.replace(link)
    return folder


def dbt_executable(home: Home) -> Path:
    """A command that runs dbt with this interpreter and dies with the process that started it."""
    file = home.run / "dbt"
    text = f'#!/bin/sh\nexec "{sys.executable}" -P "{dbt_command.__file__}" "$@"\n'
    if not file.is_file() or file.read_text() != text:
        write_private(file, text)
    file.chmod(0o700)
    return file


@contextmanager
def variables(values: Mapping[str, str]) -> Iterator[None]:
    """`os.environ` with these values inside the block: dagster-dbt hands dbt nothing else."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def target_folder(home: Home) -> Iterator[Path]:
    """A folder for one build's artefacts, gone afterwards; what killed builds left is gone before.

    It starts with the project as the build before left it parsed, which saves parsing it again. As it was parsed
    without a database it would not do: dbt parses anew for another profile.
    """
    builds, known = home.run / "marts", home.run / "parsed.msgpack"
    shutil.rmtree(builds, ignore_errors=True)
    builds.mkdir(parents=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(dir=builds))
    state = folder / "partial_parse.msgpack"
    if known.is_file():
        shutil.copy(known, state)
    try:
        yield folder
        if state.is_file():
            state.replace(known)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
