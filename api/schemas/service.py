"""What the service says about itself."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Alive(BaseModel):
    """The process answers."""

    status: str = Field(description="Always `ok`.", examples=["ok"])


class Check(BaseModel):
    """One part the API needs."""

    ok: bool = Field(description="Whether it answers and fits.")
    detail: str = Field(description="What was found.", examples=["revision 0003"])
    milliseconds: float = Field(description="How long it took to say so.", examples=[1.8])


class Ready(BaseModel):
    """Whether the API can serve, part by part."""

    ready: bool = Field(description="Whether every part is there.")
    checks: dict[str, Check] = Field(description="The parts: `state`, `index`, `lake`.")
