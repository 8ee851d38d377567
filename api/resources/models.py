"""Models: which providers are installed, which are chosen, and how far their work has come."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.dependencies import Parts, PartsOf, PhotoReader
from api.pagination import Page
from api.problems import NOT_FOUND, Problem, document
from api.queries import models as queries
from api.schemas.models import Model, Package
from darkroom.security.callers import Caller
from darkroom.services.models import Model as Found
from darkroom.services.models import models
from darkroom.stores.state.engine import scoped

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", summary="List models")
def list_models(caller: PhotoReader, parts: PartsOf) -> Page[Model]:
    """Every installed provider of every task, and those that settings name though nobody installed them.

    `fault` says what to do about one that cannot be used. There are few: they come on one page.
    """
    return Page(items=_told(caller, parts), next_cursor=None)


@router.get("/{task}/{name}", summary="Describe a model", responses=document(NOT_FOUND))
def get_model(
    caller: PhotoReader,
    parts: PartsOf,
    task: Annotated[str, Path(max_length=200, description="What it does.", examples=["text_reader"])],
    name: Annotated[str, Path(max_length=200, description="Name of the provider.", examples=["rapidocr"])],
) -> Model:
    """A provider: what its version is made of, and for how many photos it has done its work."""
    for model in _told(caller, parts):
        if (model.task, model.name) == (task, name):
            return model
    raise Problem(NOT_FOUND, "There is no such model.")


def _told(caller: Caller, parts: Parts) -> list[Model]:
    found = list(models(parts.settings.inference))
    with scoped(parts.state, caller.libraries) as connection:
        photos = queries.progress(caller, connection, {one.output for one in found})

    def told(one: Found) -> Model:
        facts = {name: value for name, value in vars(one).items() if name not in ("version", "package")}
        return Model(
            **facts,
            output_version=one.version,
            package=Package(**vars(one.package)) if one.package else None,
            photos_done=photos.get((one.output, one.version or "", "done"), 0),
            photos_failed=photos.get((one.output, one.version or "", "failed"), 0),
        )

    return [told(one) for one in found]
