"""Models as clients see them."""

from __future__ import annotations

from pydantic import BaseModel, Field


class Package(BaseModel):
    """The package a provider came in."""

    name: str = Field(description="Name.", examples=["darkroom"])
    version: str = Field(description="Version.", examples=["0.1.0"])
    licence: str | None = Field(
        description="Licence of the package's code, as it says itself.", examples=["Apache-2.0"]
    )


class Model(BaseModel):
    """A provider of a task: installed, or named by the settings and absent."""

    task: str = Field(description="What it does, called like the setting that chooses it.", examples=["text_reader"])
    name: str = Field(description="Name of the provider.", examples=["rapidocr"])
    output: str = Field(description="Output it makes.", examples=["texts"])
    configured: bool = Field(description="Whether the settings choose it.")
    fault: str | None = Field(description="Why it cannot be used, and what to do; null when it can.")
    output_version: str | None = Field(
        description="Version of what it makes; null when it, or what it depends on, cannot be used.",
        examples=["0123456789ab"],
    )
    code_version: str | None = Field(description="Version of its code.", examples=["1"])
    weights_digest: str | None = Field(description="SHA-256 over its weights.")
    parameters: dict[str, str | int | float | bool] = Field(description="Settings that change what it makes.")
    dimensions: int | None = Field(description="Numbers in a vector it makes; null when it makes none.", examples=[384])
    package: Package | None = Field(description="The package it came in; null when it is not installed.")
    card: str | None = Field(
        description="Its model card in the source tree: what it is good at, licences of code and weights.",
        examples=["docs/models/rapidocr.md"],
    )
    photos_done: int = Field(description="Photos that have its output at this version.")
    photos_failed: int = Field(description="Photos for which it failed at this version.")
