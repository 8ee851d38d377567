"""Tags by which runs, requests and batches find each other, and by which the queue shares out its slots."""

REQUEST = "darkroom/request"
BATCH = "darkroom/batch"
ATTEMPT = "darkroom/attempt"
PRIORITY = "dagster/priority"

SLOT = "darkroom/slot"
"""Which kind of slot a run takes; `dagster.yaml` limits each, so that bulk work never takes the interactive one."""

PLANNING = "planning"
INTERACTIVE = "interactive"
BULK = "bulk"
BACKGROUND = "background"
