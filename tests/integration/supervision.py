"""A platform of tiny programs, as the tests of the supervisor drive it: by the command line."""

import json
import os
import subprocess
import time
from contextlib import contextmanager

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from darkroom.home import Home
from darkroom.supervision.identity import processes_of
from darkroom.supervision.postgres import EmbeddedPostgres
from darkroom.testing.platform import tiny_command


class Command:
    """`darkroom --home …` over the tiny programs."""

    def __init__(self, folder, home=None):
        self.code = folder / "code"
        self.home = Home(home or folder / "home")

    def __call__(self, *arguments, **variables):
        return subprocess.run(
            tiny_command(self.code, self.home.root, *arguments),
            capture_output=True,
            text=True,
            env={**os.environ, **variables},
            timeout=300,
        )

    def status(self):
        return json.loads(self("status", "--json").stdout)

    def parts(self):
        return {part["name"]: part for part in self.status()["parts"]}

    def supervisor(self):
        return json.loads((self.home.run / "platform.json").read_text())["supervisor"]["pid"]

    def nothing_is_left(self):
        server = EmbeddedPostgres(self.home.root / "postgres", self.home.logs / "postgres.log")
        return not processes_of(self.home.root) and not server.running()


def until(condition, seconds=90):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


def run(url, statement):
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        reply = connection.execute(text(statement))
        return reply.fetchall() if reply.returns_rows else []


@contextmanager
def up(darkroom, **variables):
    done = darkroom("up", "--detach", **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield done
    finally:
        ended = darkroom("down")
    assert ended.returncode == 0, ended.stderr
    assert darkroom.nothing_is_left()
