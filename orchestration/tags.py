"""Tags by which runs, requests, batches and libraries find each other, and the queue shares out its slots."""

from dagster import DagsterRunStatus

from assets.libraries import LIBRARY_TAG

REQUEST = "darkroom/request"
BATCH = "darkroom/batch"
ATTEMPT = "darkroom/attempt"
LIBRARY = LIBRARY_TAG
PRIORITY = "dagster/priority"

SLOT = "darkroom/slot"
"""Which kind of slot a run takes; `dagster.yaml` limits each, so that bulk work never takes the interactive one."""

PLANNING = "planning"
INTERACTIVE = "interactive"
BULK = "bulk"
BACKGROUND = "background"
REMOVAL = "removal"
"""Has no limit of its own: it waits for batches, and for nothing else."""

UNFINISHED = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.MANAGED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]
"""States of runs that may still do something."""
