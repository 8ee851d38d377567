"""Runs of models: how much a model did over a batch, and how long that took."""

from typing import Annotated

from darkroom.contracts.columns import UUID_PATTERN, FactRow
from darkroom.contracts.table import Column, Table


class ModelRun(FactRow):
    """What one run of a model over a batch came to.

    A run that is repeated or continued is a run of its own, over what was left; one that finds nothing to do is none.
    """

    run_id: Annotated[str, Column("Identity of the run.", pattern=UUID_PATTERN)]
    output: Annotated[str, Column("Output it made.")]
    output_version: Annotated[str, Column("Version of the output.", pattern=r"[0-9a-f]{12}")]
    provider: Annotated[str, Column("Provider that did the work.")]
    photos_done: Annotated[int, Column("Photos it gave an answer for; none found is an answer.", ge=0)]
    photos_failed: Annotated[
        int, Column("Photos it failed on. A photo without anything to give to the model is no failure of it.", ge=0)
    ]
    seconds: Annotated[
        float, Column("Wall time, getting ready, loading pictures and writing rows included.", unit="s", ge=0)
    ]


MODEL_RUNS = Table(
    name="model_runs",
    row=ModelRun,
    grain="one row per run of a model over a batch",
    primary_key=("run_id",),
)
