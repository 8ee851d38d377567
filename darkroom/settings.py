"""One tree of settings, from `DARKROOM_…` variables and `settings.toml` in the home (variables win).

Read once by the composition roots (the CLI, the API's factory, the code locations), never at import.
A value belongs here when an administrator may want another one; a constant of an algorithm stays beside the algorithm.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


class Section(BaseModel):
    """Settings of one part. A name that is none of them is a fault: misspelt, it would be ignored."""

    model_config = ConfigDict(extra="forbid")


class PostgresSettings(Section):
    """Where state lives. Without `url` the embedded server is started."""

    url: SecretStr | None = Field(
        None,
        description="Administrator URL of an outside server: postgresql://user:pw@host:port/db?sslmode=require",
    )
    port: int | None = Field(None, description="Port of the embedded server; a free one near 54320 when unset.")
    version: str = Field("18", description="Major version of the embedded server.")

    @field_validator("url")
    @classmethod
    def _names_a_host(cls, given: SecretStr | None) -> SecretStr | None:
        try:
            host = given is None or make_url(given.get_secret_value()).host
        except (ArgumentError, ValueError):
            host = None
        if not host:
            raise ValueError("name a host: postgresql://user:password@host:port/database")
        return given


class ApiSettings(Section):
    """Where the API listens."""

    host: str = Field("127.0.0.1", description="Address to bind.")
    port: int | None = Field(None, description="Port; 8360, or a free one when that is busy, when unset.")
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+$",
        description="Where people find it when a proxy stands before it, without a path: https://photos.example.org",
    )
    sign_in_minutes: int = Field(15, ge=1, description="How long an address that signs a browser in can be opened.")
    session_days: int = Field(30, ge=1, description="How long a browser stays signed in.")
    cors_origins: list[str] = Field(default_factory=list, description="Origins browsers may call from.")
    requests_per_minute: int = Field(60_000, ge=1, description="Requests one key may make in a minute.")
    refused_per_minute: int = Field(
        60, ge=1, description="Requests without a good key one address may make in a minute."
    )


class DagsterSettings(Section):
    """Dagster's web UI and run queue. The UI has no login: it binds loopback only."""

    port: int | None = Field(None, description="Port of the UI; 8361, or a free one when that is busy, when unset.")
    batches_at_once: int = Field(2, ge=2, description="Batches at once; one slot is kept for interactive ones.")


class LakeSettings(Section):
    """The lake's files and DuckDB's share of the machine."""

    encrypted: bool = Field(True, description="Encrypt Parquet files; decided once, when the lake is created.")
    memory_limit: str = Field("1GB", description="DuckDB memory limit per process.")
    threads: int = Field(2, ge=1, description="DuckDB threads per process.")
    snapshots_kept_days: int = Field(7, ge=1, description="How long time travel reaches back.")


class DecodingSettings(Section):
    """Limits of the sandbox in which every file is decoded."""

    workers: int = Field(0, ge=0, description="Worker processes; 0 means one per core.")
    max_file_bytes: int = Field(2 * 1024**3, description="Larger files are refused.", ge=1)
    max_pixels: int = Field(300_000_000, description="Pictures with more pixels are refused.", ge=1)
    memory_bytes: int = Field(3 * 1024**3, description="Address space of one worker.", ge=512 * 1024**2)
    seconds: float = Field(60.0, description="Time one file may take.", gt=0)


class BatchSettings(Section):
    """When a batch is frozen."""

    files: int = Field(256, ge=1, description="Files per batch while texts or faces are on.")
    files_without_models: int = Field(1000, ge=1, description="Files per batch when neither is on.")
    close_after_seconds: float = Field(60.0, gt=0, description="A batch of folder files is frozen after this long.")
    watch_seconds: float = Field(300.0, gt=0, description="How often a watched source is looked through.")
    quiet_seconds: float = Field(
        5.0, ge=0, description="A file in a watched source is left alone until this long unchanged."
    )
    settle_seconds: float = Field(
        20.0,
        ge=0,
        description="Marts, people and duplicates are made anew when nothing was imported or published for so long, at "
        "the latest 45 times this after the first change that they do not show.",
    )


class InferenceSettings(Section):
    """Which provider serves each task, and how many processes may run models."""

    workers: int = Field(0, ge=0, description="Model processes of one thread each; 0 means one per core.")
    text_reader: str = Field("rapidocr", description="Provider that reads text.")
    face_finder: str = Field("dlib", description="Provider that finds faces and describes whose they are.")
    image_embedder: str = Field("look", description="Provider of the vectors by which pictures look alike.")
    text_embedder: str = Field("minilm", description="Provider of the vectors by which texts mean alike.")
    seconds_per_photo: float = Field(120.0, gt=0, description="Time one photo may take in a model.")


class SearchSettings(Section):
    """What is remembered of searches."""

    record_events: bool = Field(True, description="Record how searches are asked and how they go, for analysts.")
    record_text: bool = Field(False, description="Record what was looked for, too.")


def _names(given: Any) -> Any:
    return {name.strip() for name in given.split(",") if name.strip()} if isinstance(given, str) else given


Names = Annotated[frozenset[str], NoDecode, BeforeValidator(_names)]
"""Names, comma-separated in a variable and a list in the file."""


class LibrarySettings(Section):
    """What one library wants otherwise than the others."""

    outputs_off: Names | None = Field(
        None, description="Outputs of models that are not made in it, comma-separated; unset, as DARKROOM_OUTPUTS_OFF."
    )


class Settings(BaseSettings):
    """All settings of one Darkroom home."""

    model_config = SettingsConfigDict(
        env_prefix="DARKROOM_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,  # it may be a password
        nested_model_default_partial_update=True,
    )

    home: Path = Field(default_factory=lambda: Path.home() / ".darkroom", description="Folder that holds everything.")
    postgres: PostgresSettings = PostgresSettings()
    api: ApiSettings = ApiSettings()
    dagster: DagsterSettings = DagsterSettings()
    lake: LakeSettings = LakeSettings()
    decoding: DecodingSettings = DecodingSettings()
    batch: BatchSettings = BatchSettings()
    inference: InferenceSettings = InferenceSettings()
    search: SearchSettings = SearchSettings()
    outputs_off: Names | None = Field(
        None, description="Outputs of models that are not made, comma-separated; unset, libraries keep what they have."
    )
    libraries: dict[str, LibrarySettings] = Field(default_factory=dict, description="Libraries, by their name.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then the home's `settings.toml`."""
        home = Path(os.environ.get("DARKROOM_HOME") or Path.home() / ".darkroom").expanduser()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=home / "settings.toml")


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process, with the home made absolute."""
    settings = Settings(**overrides)
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})
