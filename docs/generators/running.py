"""Pages for whoever runs the platform: settings and the command line."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from typer.models import OptionInfo

from darkroom.cli import exits
from darkroom.cli.main import app
from darkroom.settings import Settings
from docs.generators.markdown import code, codes, grid

HOME = "~/.darkroom"
"""The default of the home, which differs from user to user."""

KINDS = {
    SecretStr: "secret text",
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "folder",
}
BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def settings() -> Iterator[str]:
    """Every setting with its variable and default, from `darkroom/settings.py`."""
    yield "A setting is a variable, or a line of `settings.toml` in the home; the variable wins. In the file,"
    yield "`DARKROOM_API__PORT=9000` is\n\n```toml\n[api]\nport = 9000\n```"
    head = ("variable", "type", "default", "meaning")
    single = []
    for name, info in Settings.model_fields.items():
        part = info.annotation
        each = get_args(part)[1] if get_origin(part) is dict else None
        section, variable = (each, f"{name}__NAME") if each else (part, name)
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield f"\n## {name}\n\n{inspect.getdoc(section)}\n"
            rows = [_setting(f"{variable}__{inner}", one) for inner, one in section.model_fields.items()]
            yield from grid(head, rows)
        else:
            single.append(_setting(name, info))
    yield "\n## of the whole\n"
    yield from grid(head, single)


def _setting(name: str, info: FieldInfo) -> tuple[str, ...]:
    value = HOME if name == "home" else info.get_default(call_default_factory=True)
    limits = [
        f"{sign} {getattr(one, key)}" for one in info.metadata for key, sign in BOUNDS.items() if hasattr(one, key)
    ]
    default = "unset" if value is None else code(value if isinstance(value, str) else json.dumps(value, default=list))
    return (
        code(f"DARKROOM_{name.upper()}"),
        ", ".join([_kind(info.annotation), *limits]),
        default,
        info.description or "",
    )


def _kind(type_: Any) -> str:
    if get_origin(type_) is Annotated:
        return _kind(get_args(type_)[0])
    arguments = [one for one in get_args(type_) if one is not type(None)]
    if get_origin(type_) in (Union, types.UnionType):
        return " or ".join(_kind(one) for one in arguments)
    if arguments and get_origin(type_) is not None:
        return f"list of {_kind(arguments[0])}"
    return KINDS[type_]


def cli() -> Iterator[str]:
    """Commands with their arguments and options, from the Typer application."""
    yield "`darkroom [--home FOLDER] COMMAND …`. Data commands ask the running API with the key in the home; `up`,"
    yield "`down`, `status`, `doctor` and `sql` work on this machine.\n"
    yield from grid(("exit code", "meaning"), [(str(number), meaning) for number, meaning in exits.MEANINGS.items()])
    yield from _commands(app, "darkroom")


def _commands(group: typer.Typer, called: str) -> Iterator[str]:
    for command in group.registered_commands:
        if command.callback is not None and not command.hidden:
            name = command.name or command.callback.__name__.replace("_", "-")
            yield f"\n## {called} {name}\n\n{_paragraphs(command.callback)}\n"
            head = ("argument or option", "values", "default", "meaning")
            yield from grid(head, _parameters(command.callback))
    for inner in group.registered_groups:
        if inner.typer_instance is not None and inner.name:
            yield from _commands(inner.typer_instance, f"{called} {inner.name}")


def _paragraphs(callback: Any) -> str:
    return "\n\n".join(" ".join(one.split()) for one in (inspect.getdoc(callback) or "").split("\n\n"))


def _parameters(callback: Any) -> Iterator[tuple[str, ...]]:
    hints = get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        if get_origin(hints[name]) is not Annotated:
            continue
        kind, told = get_args(hints[name])[:2]
        if told.hidden:
            continue
        # Inside Annotated the first way of writing an option comes as its default.
        given = [one for one in (told.default, *(told.param_decls or ())) if isinstance(one, str) and one[:1] == "-"]
        option = isinstance(told, OptionInfo)
        spelt = codes(given or [f"--{name.replace('_', '-')}"]) if option else code(name.upper())
        choices = codes(one.value for one in kind) if isinstance(kind, type) and issubclass(kind, Enum) else ""
        value = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
        shown = "" if value in (None, False, "", inspect.Parameter.empty) else code(value)
        yield spelt, choices, shown, told.help or ""
