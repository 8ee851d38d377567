"""dbt, as a process that dies with the run that started it: a build whose run was killed must not go on writing.

Run as a file by the wrapper `dbt_project.dbt_executable` writes; imports nothing of Darkroom. Does not belong here:
what is built, or with which environment (`dbt_project`).
"""

import ctypes
import os
import signal
import sys

PARENT = "DARKROOM_DBT_PARENT"
"""Variable with the process id of the run; without it dbt belongs to nobody and is left alone."""

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Has the kernel kill this process when its parent ends; ends it now when the parent has ended already."""
    parent = os.environ.get(PARENT)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit("the run that asked for this build has ended")


if __name__ == "__main__":
    die_with_parent()
    from dbt.cli.main import cli

    cli()
