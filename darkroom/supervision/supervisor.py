"""Starts the platform in order, keeps every part alive, and ends it in order.

Belongs here: the sequence, the loop, the record others read (`run/platform.json`), recovery from a former life. Does
not belong here: one child's life (`children`), what the parts are (`parts`), what a terminal shows (`cli`).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import psutil
from sqlalchemy.engine import URL, make_url

from darkroom.home import Home, NotRunning, server_address, write_private
from darkroom.settings import Settings
from darkroom.supervision import parts as names
from darkroom.supervision.binaries import PostgresFault
from darkroom.supervision.children import Child, Pace, Part
from darkroom.supervision.identity import ProcessIdentity, end, processes_of
from darkroom.supervision.logfiles import tail, turn_over
from darkroom.supervision.parts import Plan, PlatformFault, Programs
from darkroom.supervision.ports import Ports
from darkroom.supervision.postgres import HOST, SUPERUSER, EmbeddedPostgres, connection_fault, refused
from darkroom.supervision.probes import postgres_probe
from darkroom.supervision.provision import ensure_passwords, provision
from darkroom.supervision.stamp import held, open_home

log = logging.getLogger("darkroom.supervision")
Report = Callable[[str, Mapping[str, Any]], None]
"""Told of `progress` {text}, `ready` {endpoints, first_key, unwell} and `stopping` {}."""

_TICK = 0.1
_HOUSEKEEPING_SECONDS = 60.0
_ORPHAN_SECONDS = 2.0  # whatever they are at survives being killed, and somebody waits for the start


class StopRequested(Exception):
    """SIGINT, SIGTERM or SIGHUP came."""


@dataclass
class Supervisor:
    """One life of the platform. `run` returns after a stop was asked for and done.

    `ready_seconds` is how long the start may take before what still does not answer is reported as unwell.
    """

    home: Home
    settings: Settings
    programs: Programs
    report: Report
    pace: Pace = field(default_factory=Pace)
    ready_seconds: float = 240.0
    _stop: bool = False
    _children: dict[str, Child] = field(default_factory=dict)
    _ports: Ports = field(default_factory=Ports)
    _state: str = "starting"
    _housekept: float = 0.0
    _outdated: bool = False

    def run(self) -> None:
        """Starts everything and watches it until a signal asks to stop; call from the main thread.

        Raises `HomeFault`, `AlreadyRunning`, `PortBusy`, `PostgresFault` or `PlatformFault` when it cannot start; then
        nothing of it is left running.
        """
        open_home(self.home)
        with held(self.home), self._signals(), ThreadPoolExecutor(4, "probe") as self._executor:
            try:
                self._recover()
                self._start()
                self._watch()
            except StopRequested:
                pass
            finally:
                self._shut_down()

    # start ------------------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Ends what a former life left behind when it was killed; Postgres' own remnants are ended by its start."""
        (self.home.run / "platform.json").unlink(missing_ok=True)
        if orphans := processes_of(self.home.root):
            log.warning("ending %d processes of a former life", len(orphans))
            self._say("ending what a former life left behind")
            end(orphans, _ORPHAN_SECONDS)

    def _start(self) -> None:
        self._choose_ports()
        state = self._start_postgres()
        self._plan = Plan(self.home, self.settings, self.programs, self._chosen, state)
        self._plan.write_dagster_home()
        write_private(self.home.endpoints_file, json.dumps(self._plan.endpoints(), indent=1))
        everything = self._plan.parts()
        first_key = self._prepare(everything[names.LINE], everything[names.MARTS])
        self._say("starting the services")
        self._add(everything[names.API])
        # The daemon and the web server take up locations that answer at once; later ones only after a minute.
        self._wait(lambda: self._settled(names.LINE, names.MARTS), self.ready_seconds)
        self._add(everything[names.DAEMON], everything[names.WEB])
        self._wait(lambda: self._settled(*self._children), self.ready_seconds)
        self._state = "running"
        self._record()
        unwell = {name: child.fault for name, child in self._children.items() if child.state != "ready"}
        self.report("ready", {"endpoints": self._plan.endpoints(), "first_key": first_key, "unwell": unwell})

    def _choose_ports(self) -> None:
        try:
            before = self.home.endpoints()
        except (NotRunning, ValueError):
            before = {}
        self._ports = Ports({name: int(known["port"]) for name, known in before.items()})
        settings = self.settings
        self._chosen = {
            names.API: self._ports.choose(names.API, settings.api.port, settings.api.host),
            names.WEB: self._ports.choose(names.WEB, settings.dagster.port),
            names.LINE: self._ports.choose(names.LINE),
            names.MARTS: self._ports.choose(names.MARTS),
        }

    def _start_postgres(self) -> dict[str, str | int]:
        """Has a server with our databases running; returns its address."""
        passwords = ensure_passwords(self.home)
        outside = self.settings.postgres.url
        if outside is not None:
            admin = make_url(outside.get_secret_value()).set(drivername="postgresql+psycopg2")
            self._say(f"using Postgres on {admin.host}")
            if fault := connection_fault(admin):
                advice = "Correct user, password or database there." if refused(fault) else "Start it, or name another."
                raise PostgresFault(f"the Postgres of DARKROOM_POSTGRES__URL does not accept us: {fault}\n{advice}")
        else:
            admin = self._start_embedded(passwords[SUPERUSER])
        provision(admin, self.home)
        return server_address(admin)

    def _start_embedded(self, password: str) -> URL:
        settings = self.settings.postgres
        log_file = self.home.logs / "postgres.log"
        server = EmbeddedPostgres(self.home.root / "postgres", log_file, settings.version)
        self._say("starting Postgres" if server.initialised else "creating the database cluster")
        server.initialise(password)
        port = self._ports.choose(names.POSTGRES, settings.port, HOST)
        admin = server.admin_url(port, password)

        def launch() -> subprocess.Popen[bytes]:
            turn_over(log_file)
            return server.start(port)

        part = Part(
            names.POSTGRES,
            launch,
            postgres_probe(admin),
            f"{HOST}:{port}",
            stop_seconds=60.0,
            stop_signal=signal.SIGINT,
            patient=True,
        )
        self._add(part)
        child = self._children[names.POSTGRES]
        self._wait(lambda: child.state in ("ready", "waiting") or refused(child.fault or ""), seconds=3600.0)
        if refused(child.fault or ""):
            kept = self.home.secrets / "postgres.json"
            raise PostgresFault(f"{kept} is not the one this home was made with, put it back: {child.fault}")
        if child.state != "ready":
            raise PostgresFault(f"Postgres {child.fault}:\n{tail(log_file)}")
        return admin

    def _prepare(self, *code_servers: Part) -> str | None:
        """Migrates the stores and Dagster's instance, both at once; returns the first key when there is one.

        Code servers need the instance (opened together on an empty database they trip over each other) but no store:
        they load while the stores are still being migrated.
        """
        self._say("preparing the stores")
        stores = self._plan.run_once("prepare", ["-m", self.programs.preparation])
        instance = self._plan.run_once("instance", ["-m", self.programs.instance])
        try:
            self._finish("instance", instance)
            self._add(*code_servers)
            self._finish("prepare", stores)
            key = json.loads(stores.stdout.read() if stores.stdout else b"")["first_key"]
        finally:
            for process in (stores, instance):
                process.kill()
                process.wait()
                if process.stdout:
                    process.stdout.close()
        return None if key is None else str(key)

    def _finish(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self._wait(lambda: process.poll() is not None, seconds=3600.0)
        if process.returncode:
            path = self.home.logs / f"{name}.log"
            raise PlatformFault(f"preparing the stores failed, see {path}:\n{tail(path, 3)}")

    # watch ------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            self._tick()

    def _wait(self, done: Callable[[], bool], seconds: float) -> None:
        """Looks after the children until `done` or the time is over."""
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline:
            self._tick()

    def _tick(self) -> None:
        time.sleep(_TICK)
        if self._stop:
            raise StopRequested
        changed = [child.tick() for child in self._children.values()]
        self._outdated = self._outdated or any(changed)
        with suppress(OSError):  # a full disk must not end what runs: tried again at the next turn
            if self._outdated:
                self._record()
            if time.monotonic() - self._housekept > _HOUSEKEEPING_SECONDS:
                self._housekept = time.monotonic()
                self._keep_house()

    def _keep_house(self) -> None:
        if self._state == "running":  # before, processes that prepare something are ours as well
            self._reap_adopted()
        for path in self.home.logs.glob("*.log"):
            turn_over(path)

    def _reap_adopted(self) -> None:
        """Reaps dead processes we did not start: as a container's first process we inherit every orphan."""
        ours = {child.pid for child in self._children.values()}
        for process in psutil.Process().children():
            with suppress(psutil.Error, ChildProcessError):
                if process.pid not in ours and process.status() == psutil.STATUS_ZOMBIE:
                    os.waitpid(process.pid, os.WNOHANG)

    def _settled(self, *chosen: str) -> bool:
        """Whether each serves or has already failed."""
        return all(self._children[name].state in ("ready", "waiting") for name in chosen)

    def _add(self, *added: Part) -> None:
        for part in added:
            child = Child(part, self._executor, self.pace)
            self._children[part.name] = child
            child.start()
        self._record()

    def _record(self) -> None:
        mine = ProcessIdentity.of(os.getpid())
        record = {
            "state": self._state,
            "supervisor": mine.to_json() if mine else None,
            "parts": {name: child.to_json() for name, child in self._children.items()},
        }
        write_private(self.home.run / "platform.json", json.dumps(record, indent=1))
        self._outdated = False

    # stop -------------------------------------------------------------------------------------------------------

    def _shut_down(self) -> None:
        """First what takes new work, then the runs, then what they need, Postgres last."""
        self.report("stopping", {})
        self._state = "stopping"
        with suppress(OSError):  # a full disk must not keep us from stopping
            self._record()
        self._stop_parts(names.API, names.WEB, names.DAEMON)
        if runs := processes_of(self.home.root, parts=frozenset({names.RUN})):
            log.info("interrupting %d runs", len(runs))
            end(runs, 20.0)
        self._stop_parts(names.LINE, names.MARTS)
        end(processes_of(self.home.root), 5.0)
        self._stop_parts(names.POSTGRES)
        self._ports.release()
        for path in (self.home.run / "platform.json", self.home.endpoints_file):
            path.unlink(missing_ok=True)
        log.info("stopped")

    def _stop_parts(self, *chosen: str) -> None:
        going: Sequence[Child] = [self._children[name] for name in chosen if name in self._children]
        for child in going:
            child.request_stop()
        for child in going:
            child.wait_stopped()

    # the rest ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Has signals ask for a stop. Set before children start: ignored signals are inherited, caught ones are not."""

        def ask(number: int, frame: FrameType | None) -> None:
            self._stop = True

        chosen = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means to outlive the terminal
            chosen.append(signal.SIGHUP)
        before = {number: signal.signal(number, ask) for number in chosen}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _say(self, text: str) -> None:
        log.info("%s", text)
        self.report("progress", {"text": text})
