"""States of imports and of their batches, in the groups that code asks about.

Belongs here: the groups. Does not belong here: which states a table allows (its schema says), or what a photo's state
means (`verdicts`).
"""

IMPORT_CANCELLABLE = ("new", "planning", "running")
IMPORT_UNFINISHED = (*IMPORT_CANCELLABLE, "cancelling")
IMPORT_ENDED = ("succeeded", "failed", "cancelled")

BATCH_UNFINISHED = ("frozen", "running")
BATCH_ENDED = ("published", "failed", "cancelled")
