"""Which library a run is about, for assets that are made across batches: the run's tag says it."""

from uuid import UUID

import dagster as dg

LIBRARY_TAG = "darkroom/library"

GENERATIONS = "generations"
"""Group of the assets that are made so."""


def library_of(run: dg.DagsterRun) -> UUID:
    """The library of a run. Raises `dagster.Failure` that says how to start one by hand."""
    if LIBRARY_TAG not in run.tags:
        raise dg.Failure(
            f"This run names no library: give it the tag {LIBRARY_TAG} with a library's id.",
            allow_retries=False,
        )
    return UUID(run.tags[LIBRARY_TAG])
