"""What the platform consists of: the command, the variables, the probe and the address of every child.

Belongs here: names of modules to run, and what each child is told. Does not belong here: when they start
(`supervisor`), how one is kept alive (`children`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.home import Home, write_private
from darkroom.settings import Settings
from darkroom.supervision.children import Part
from darkroom.supervision.identity import PART_VARIABLE
from darkroom.supervision.logfiles import turn_over
from darkroom.supervision.ports import LOOPBACK
from darkroom.supervision.probes import Probe, code_server_probe, http_probe, no_probe

LINE, MARTS, DAEMON, WEB, API, POSTGRES = "line", "marts", "daemon", "dagster", "api", "postgres"
RUN = "run"
"""Part name of run workers: children of the daemon, which outlive it."""


class PlatformFault(RuntimeError):
    """The platform cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Programs:
    """The modules that are run, so that a test can run smaller ones. `folder` holds workspace.yaml and dagster.yaml."""

    folder: Path
    line: str = "orchestration.definitions"
    marts: str = "orchestration.marts_location"
    daemon: str = "orchestration.daemon"
    instance: str = "orchestration.instance"
    api: str = "api.app:create_app"
    # LanceDB starts a thread when it is imported, which no fork would have: only what it imports is warm.
    warm: tuple[str, ...] = (
        "orchestration.worker",
        "dagster_postgres",
        "quality.warm",
        "lance_namespace",
        "pyarrow.dataset",
    )
    preparation: str = "darkroom.supervision.preparation"


def find_programs() -> Programs:
    """The checkout or image this Darkroom runs from; raises `PlatformFault` when there is none."""
    for folder in (Path(__file__).parents[2], Path.cwd()):
        if (folder / "workspace.yaml").is_file() and (folder / "dagster.yaml").is_file():
            return Programs(folder)
    raise PlatformFault(
        "workspace.yaml and dagster.yaml are neither beside the darkroom package nor here: "
        "run this from a checkout or an image of Darkroom"
    )


@dataclass(frozen=True)
class Plan:
    """One start of the platform: where everything is and listens."""

    home: Home
    settings: Settings
    programs: Programs
    ports: Mapping[str, int]
    state: Mapping[str, str | int]
    """Address of Postgres, see `server_address`."""

    @property
    def api_host(self) -> str:
        """Where the API is reached from this machine."""
        return LOOPBACK if self.settings.api.host in ("0.0.0.0", "::") else self.settings.api.host  # noqa: S104

    def endpoints(self) -> dict[str, dict[str, str | int]]:
        """Content of `run/endpoints.json`."""
        api, web = self.ports[API], self.ports[WEB]
        return {
            POSTGRES: dict(self.state),
            API: {"host": self.api_host, "port": api, "url": f"http://{_bracketed(self.api_host)}:{api}"},
            WEB: {"host": LOOPBACK, "port": web, "url": f"http://{LOOPBACK}:{web}"},
            LINE: {"host": LOOPBACK, "port": self.ports[LINE]},
            MARTS: {"host": LOOPBACK, "port": self.ports[MARTS]},
        }

    def environment(self, part: str) -> dict[str, str]:
        """Variables of a child: this process' own, without the administrator's address, and where things are.

        Raises `NotRunning` before `endpoints.json` is written.
        """
        inherited = {name: value for name, value in os.environ.items() if name != "DARKROOM_POSTGRES__URL"}
        return {
            **inherited,
            "DARKROOM_HOME": str(self.home.root),
            PART_VARIABLE: part,
            "DAGSTER_HOME": str(self.home.dagster),
            "DAGSTER_PG_URL": self.home.database_url("dagster").render_as_string(hide_password=False),
            "DARKROOM_LINE_PORT": str(self.ports[LINE]),
            "DARKROOM_MARTS_PORT": str(self.ports[MARTS]),
            "DARKROOM_WARM_MODULES": ",".join((self.programs.line, *self.programs.warm)),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.programs.folder), inherited.get("PYTHONPATH")])),
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "GX_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
        }

    def parts(self) -> dict[str, Part]:
        """Every child but Postgres, by name."""
        workspace = ["-w", str(self.programs.folder / "workspace.yaml")]
        endpoints = self.endpoints()
        line, marts, web, api = (self.ports[name] for name in (LINE, MARTS, WEB, API))
        code_server = [
            *("-m", "dagster", "api", "grpc", "--host", LOOPBACK),
            *("--log-level", "warning", "--log-format", "json", "--location-name"),
        ]
        uvicorn = ["-m", "uvicorn", self.programs.api, "--factory", "--no-server-header", "--no-access-log"]
        return {
            LINE: self._part(
                LINE,
                [*code_server, "darkroom", "-m", self.programs.line, "--port", str(line)],
                code_server_probe(LOOPBACK, line),
                f"{LOOPBACK}:{line}",
            ),
            MARTS: self._part(
                MARTS,
                [*code_server, "marts", "-m", self.programs.marts, "--port", str(marts)],
                code_server_probe(LOOPBACK, marts),
                f"{LOOPBACK}:{marts}",
            ),
            DAEMON: self._part(
                DAEMON, ["-m", self.programs.daemon, "run", "--log-format", "json", *workspace], no_probe, ""
            ),
            WEB: self._part(
                WEB,
                ["-m", "dagster_webserver", "-h", LOOPBACK, "-p", str(web), "--log-format", "json", *workspace],
                http_probe(LOOPBACK, web, "/server_info"),
                str(endpoints[WEB]["url"]),
            ),
            API: self._part(
                API,
                [
                    *uvicorn,
                    *("--host", self.settings.api.host, "--port", str(api), "--timeout-graceful-shutdown", "5"),
                ],
                http_probe(self.api_host, api, "/livez"),
                str(endpoints[API]["url"]),
            ),
        }

    def run_once(self, name: str, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """Starts a child that prepares something and ends; its standard output is a pipe, its errors go to its log."""
        return self._spawn(name, arguments, stdout=subprocess.PIPE)

    def write_dagster_home(self) -> None:
        """Puts the instance's configuration where Dagster looks for it, with the numbers that settings decide."""
        text = (self.programs.folder / "dagster.yaml").read_text()
        runs = self.settings.dagster.batches_at_once
        for mark, value in {"N + 2": runs + 2, "N - 1": runs - 1}.items():
            text, count = re.subn(rf"\d+(\}}?\s+# settings: {re.escape(mark)}$)", rf"{value}\1", text, flags=re.M)
            if count != 1:
                raise PlatformFault(f"dagster.yaml has {count} numbers marked '# settings: {mark}', expected one")
        write_private(self.home.dagster / "dagster.yaml", text)

    def _part(self, name: str, arguments: Sequence[str], probe: Probe, address: str) -> Part:
        launch: Callable[[], subprocess.Popen[bytes]] = lambda: self._spawn(name, arguments)  # noqa: E731
        return Part(name, launch, probe, address)

    def _spawn(self, name: str, arguments: Sequence[str], stdout: int | None = None) -> subprocess.Popen[bytes]:
        path = self.home.logs / f"{name}.log"
        turn_over(path)
        with path.open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, *arguments],
                cwd=self.programs.folder,
                env=self.environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,
                umask=0o077,
            )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
