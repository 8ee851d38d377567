"""How a table is described: a frozen Pydantic row with annotated columns, plus the facts no column can say.

Belongs here: the vocabulary (`Column`, `Table`) and its reading by introspection.
Does not belong here: any particular table (one file per family beside this one), and the derivations
(`arrow.py`, `ddl.py`, `dbt.py`, `index.py` here; the expectation suite in `quality`, the column metadata in `assets`).
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict


class Row(BaseModel):
    """Base of every contract row: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class IndexAs(StrEnum):
    """How the vector index keeps a column: `KEYWORD` is matched whole, `WORDS` is searched by BM25."""

    KEYWORD = "keyword"
    WORDS = "words"
    NUMBER = "number"
    TIME = "time"


class Severity(StrEnum):
    """What a broken expectation does: stop the batch, set the photo aside, or only say so."""

    BLOCK = "block"
    QUARANTINE = "quarantine"
    WARN = "warn"


@dataclass(frozen=True)
class Column:
    """What a type cannot say about a column.

    `unit` is a symbol ("px", "bytes", "°"); `ge`/`le` bound numbers inclusively; `values` closes a set; `pattern`
    is a regular expression over the whole value; `index` asks for a property in the vector index;
    `severity` is what breaking any of these does.
    """

    description: str
    unit: str | None = None
    ge: float | None = None
    le: float | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    index: IndexAs | None = None
    severity: Severity = Severity.BLOCK


@dataclass(frozen=True)
class Field:
    """One resolved column: its name, Python type without `None`, whether it may be null, and its description."""

    name: str
    type: Any
    nullable: bool
    column: Column


@dataclass(frozen=True)
class Table:
    """One table of the lake. The row's docstring is the table's description."""

    name: str
    row: type[Row]
    grain: str
    primary_key: tuple[str, ...]
    owners: tuple[str, ...] = ("team:platform",)
    pii: tuple[str, ...] = ()
    output: str | None = None
    """The output whose version its rows carry; `None` for tables of facts, which have no version."""
    code_version: str = "1"
    """Raised when the code behind the output changes what it computes; outputs of providers have their own."""

    @property
    def description(self) -> str:
        """The first paragraph of the row's docstring, on one line."""
        return " ".join((self.row.__doc__ or "").strip().split("\n\n")[0].split())

    @property
    def written_by(self) -> str | None:
        """What writes its rows, as their column says: a `batch` or a `generation`; `None` for records of these."""
        if "batch_id" in self.row.model_fields:
            return "batch"
        made_whole = "generation" in self.primary_key and len(self.primary_key) > 1
        return "generation" if made_whole else None

    @property
    def fields(self) -> tuple[Field, ...]:
        """The columns in order. Raises `TypeError` for a column without a `Column` annotation."""
        columns = self.row.model_fields.items()
        return tuple(_field(self.name, name, info.annotation, info.metadata) for name, info in columns)


def bare_type(annotation: Any) -> tuple[Any, bool]:
    """Splits `X | None` into `(X, True)` and anything else into `(X, False)`; `Annotated` is unwrapped."""
    if get_origin(annotation) is Annotated:
        return bare_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(inner) != 1:
            raise TypeError(f"a column has one type, not {annotation}")
        return bare_type(inner[0])[0], True
    return annotation, False


def _field(table: str, name: str, annotation: Any, metadata: list[Any]) -> Field:
    columns = [item for item in metadata if isinstance(item, Column)]
    if len(columns) != 1:
        raise TypeError(f"{table}.{name} needs exactly one Column(...) annotation")
    bare, nullable = bare_type(annotation)
    return Field(name=name, type=bare, nullable=nullable, column=columns[0])
