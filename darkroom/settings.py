"""One tree of settings, from `DARKROOM_…` variables and `settings.toml` in the home (variables win).

Read once by the composition roots (the CLI, the API's factory, the code locations), never at import.
A value belongs here when an administrator may want another one; a constant of an algorithm stays beside the algorithm.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class PostgresSettings(BaseModel):
    """Where state lives. Without `url` the embedded server is started."""

    url: SecretStr | None = Field(
        None, description="Administrator URL of an outside server: postgresql://user:pw@host:port/db"
    )
    port: int | None = Field(None, description="Port of the embedded server; a free one near 54320 when unset.")
    version: str = Field("18", description="Major version of the embedded server.")


class ApiSettings(BaseModel):
    """Where the API listens."""

    host: str = Field("127.0.0.1", description="Address to bind.")
    port: int | None = Field(None, description="Port; 8360, or a free one when that is busy, when unset.")
    cors_origins: list[str] = Field(default_factory=list, description="Origins browsers may call from.")
    requests_per_minute: int = Field(60_000, ge=1, description="Requests one key may make in a minute.")
    refused_per_minute: int = Field(
        60, ge=1, description="Requests without a good key one address may make in a minute."
    )


class DagsterSettings(BaseModel):
    """Dagster's web UI and run queue. The UI has no login: it binds loopback only."""

    port: int | None = Field(None, description="Port of the UI; 8361, or a free one when that is busy, when unset.")
    max_concurrent_runs: int = Field(2, ge=2, description="Runs at once; one slot is kept for interactive work.")


class LakeSettings(BaseModel):
    """The lake's files and DuckDB's share of the machine."""

    encrypted: bool = Field(True, description="Encrypt Parquet files; decided once, when the lake is created.")
    memory_limit: str = Field("1GB", description="DuckDB memory limit per process.")
    threads: int = Field(2, ge=1, description="DuckDB threads per process.")
    snapshots_kept_days: int = Field(7, ge=1, description="How long time travel reaches back.")


class DecodingSettings(BaseModel):
    """Limits of the sandbox in which every file is decoded."""

    workers: int = Field(0, ge=0, description="Worker processes; 0 means one per core.")
    max_file_bytes: int = Field(2 * 1024**3, description="Larger files are refused.", ge=1)
    max_pixels: int = Field(300_000_000, description="Pictures with more pixels are refused.", ge=1)
    memory_bytes: int = Field(3 * 1024**3, description="Address space of one worker.", ge=512 * 1024**2)
    seconds: float = Field(60.0, description="Time one file may take.", gt=0)


class BatchSettings(BaseModel):
    """When a batch is frozen."""

    files: int = Field(256, ge=1, description="Files per batch while a model output is on.")
    files_without_models: int = Field(1000, ge=1, description="Files per batch when no model output is on.")
    close_after_seconds: float = Field(60.0, gt=0, description="A batch of folder files is frozen after this long.")
    watch_seconds: float = Field(300.0, gt=0, description="How often a watched source is looked through.")
    quiet_seconds: float = Field(
        5.0, ge=0, description="A file in a watched source is left alone until this long unchanged."
    )
    close_uploads_after_seconds: float = Field(5.0, gt=0, description="A batch of uploads is frozen after this long.")


class InferenceSettings(BaseModel):
    """Which provider serves each task, and how many processes may run models."""

    workers: int = Field(0, ge=0, description="Model processes of one thread each; 0 means one per core.")
    text_reader: str = Field("rapidocr", description="Provider of the outputs.texts task.")
    face_finder: str = Field("dlib", description="Provider that finds faces and describes whose they are.")
    image_embedder: str = Field("look", description="Provider of the vectors by which pictures look alike.")
    text_embedder: str = Field("minilm", description="Provider of the vectors by which texts mean alike.")
    seconds_per_photo: float = Field(120.0, gt=0, description="Time one photo may take in a model.")


class Settings(BaseSettings):
    """All settings of one Darkroom home."""

    model_config = SettingsConfigDict(
        env_prefix="DARKROOM_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
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
    outputs_off: Annotated[frozenset[str] | None, NoDecode] = Field(
        None, description="Outputs of models that are not made, comma-separated; unset, libraries keep what they have."
    )

    @field_validator("outputs_off", mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        return {name.strip() for name in given.split(",") if name.strip()} if isinstance(given, str) else given

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
