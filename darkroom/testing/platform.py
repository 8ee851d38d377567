"""A small platform under the real supervisor: tiny code locations and a tiny API, real Postgres and Dagster.

For tests of supervision and of launching runs, which are about processes and not about photos. Does not belong here:
anything of the product's pipeline.
"""

from __future__ import annotations

import sys
from pathlib import Path

from darkroom.supervision.parts import Programs

_LINE = """
import os, time
from pathlib import Path
import dagster as dg

@dg.op(config_schema={"file": str, "seconds": float})
def wait(context):
    file = Path(context.op_config["file"])
    file.write_text(str(os.getpid()))
    end = time.monotonic() + context.op_config["seconds"]
    while time.monotonic() < end and not file.with_suffix(".go").exists():
        time.sleep(0.05)

@dg.job(executor_def=dg.in_process_executor)
def waiting():
    wait()

@dg.op(config_schema={"file": str})
def stuck(context):
    import signal
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(context.op_config["file"]).write_text(str(os.getpid()))
    time.sleep(600)

@dg.job(executor_def=dg.in_process_executor)
def deaf():
    stuck()

defs = dg.Definitions(jobs=[waiting, deaf])
"""

_MARTS = """
import dagster as dg
defs = dg.Definitions()
"""

_API = """
def create_app():
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
    return app
"""

_PREPARATION = """
import json, pathlib, os
first = pathlib.Path(os.environ["DARKROOM_HOME"], "secrets", "first")
print(json.dumps({"first_key": None if first.exists() else "dk_first"}))
first.touch()
"""

_MAIN = '''
"""The command line with the small programs: python tiny_main.py --home HOME up"""
import sys
from pathlib import Path
from darkroom.cli import platform
from darkroom.cli.main import app
from darkroom.testing.platform import tiny_programs

platform.find_programs = lambda: tiny_programs(Path(__file__).parent)
platform.ENTRY = [sys.executable, __file__]
app()
'''


def tiny_programs(folder: Path) -> Programs:
    """Writes the small modules into `folder`, beside links to the checkout's configuration and `orchestration`."""
    checkout = Path(__file__).parents[2]
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "tiny_line.py": _LINE,
        "tiny_marts.py": _MARTS,
        "tiny_api.py": _API,
        "tiny_preparation.py": _PREPARATION,
        "tiny_main.py": _MAIN,
    }.items():
        if not (folder / name).exists():
            (folder / name).write_text(text)
    for name in ("orchestration", "dagster.yaml", "workspace.yaml"):
        if not (folder / name).exists():
            (folder / name).symlink_to(checkout / name)
    return Programs(
        folder, line="tiny_line", marts="tiny_marts", api="tiny_api:create_app", preparation="tiny_preparation"
    )


def tiny_command(folder: Path, home: Path, *arguments: str) -> list[str]:
    """The command line `darkroom --home HOME …` over the small programs."""
    tiny_programs(folder)
    return [sys.executable, str(folder / "tiny_main.py"), "--home", str(home), *arguments]
