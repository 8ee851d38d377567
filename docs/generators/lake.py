"""Pages about what the lake holds and what is expected of it: from contracts, suites and the dbt project.

Does not belong here: a fact. A page that is wrong is mended where the fact stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.columns import UUID_PATTERN
from darkroom.contracts.ddl import column_types
from darkroom.contracts.index import index_properties
from darkroom.contracts.operations import FAILURE_KINDS
from darkroom.contracts.table import Table
from darkroom.decoding.decoder import outputs_of_intake
from darkroom.domain.fields import OUTPUT_STATES
from darkroom.domain.outputs import INDEX_OUTPUT, OUTPUTS
from darkroom.inference.registry import TASKS, entries
from darkroom.services.documents import DOCUMENT_VERSION
from darkroom.services.gates import GATED
from darkroom.services.models import BUNDLED
from docs.generators.markdown import code, codes, grid
from quality.derive import Expected, expected, expected_inside
from quality.rules import rules

MARTS = Path(__file__).parents[2] / "models_dbt" / "models" / "marts"
BY_NAME = sorted(TABLES, key=lambda table: table.name)


def tables() -> Iterator[str]:
    """The lake's tables, from `darkroom/contracts`."""
    yield "Tables of the lake's schema `core`, as `darkroom/contracts` describes them. They are append-only. Beside"
    yield "each table stands a view `current_<table>` with the rows that count now."
    for table in BY_NAME:
        yield f"\n## {table.name}\n\n{table.description}\n"
        yield f"- grain: {table.grain}"
        yield f"- primary key: {codes(table.primary_key)}"
        yield f"- output: {code(table.output) if table.output else 'none (facts)'}"
        yield f"- owners: {', '.join(table.owners)}"
        yield f"- personal data: {codes(table.pii) or 'none'}\n"
        kinds = column_types(table)
        rows = [
            (
                code(field.name),
                code(kinds[field.name]),
                "yes" if field.nullable else "",
                field.column.unit or "",
                field.column.index or "",
                field.column.description,
            )
            for field in table.fields
        ]
        yield from grid(("column", "type", "null", "unit", "in the index", "meaning"), rows)


def checks() -> Iterator[str]:
    """What every table's gate expects, from contracts and `quality/suites`."""
    yield "What the gate of each table expects of a batch's rows. `block` stops the batch, `quarantine` sets the photo"
    yield "aside, `warn` is only said. Expectations about columns follow from the contracts; rules stand in"
    yield "`quality/suites`. A quarantine that names no photo blocks."
    for table in BY_NAME:
        yield f"\n## {table.name}\n"
        if table.written_by == "generation":
            yield "Made across batches: one gate judges a whole generation, and nothing of it can be set aside.\n"
        elif table not in GATED:
            yield "Written by the platform about itself, outside of batches: no gate runs over it. Its contract says:\n"
        yield from grid(("about", "expectation", "severity"), _expectations(table))
        if found := rules(table):
            yield ""
            said = [(rule.sentence, rule.severity, codes(rule.needs)) for rule in found]
            yield from grid(("rule", "severity", "looks at"), said)


def _expectations(table: Table) -> Iterator[tuple[str, str, str]]:
    """What is expected of the table and of each column, one row for all of one severity."""
    inside = [(f"{name}[].", one) for name, found in expected_inside(table).items() for one in found]
    said: dict[tuple[str, str], list[str]] = {}
    for place, one in [*(("", one) for one in expected(table)), *inside]:
        about = code(place + ", ".join(one.columns)) if one.columns else "the table"
        said.setdefault((about, one.severity), []).append(_sentence(one))
    for (about, severity), sentences in said.items():
        yield about, ", ".join(sentences), severity


def _sentence(one: Expected) -> str:
    """An expectation in words; its class name where there are none."""
    low, high = one.kwargs.get("min_value"), one.kwargs.get("max_value")
    bounds = [f"{sign} {value:g}" for sign, value in (("≥", low), ("≤", high)) if value is not None]
    words = {
        "ExpectTableColumnsToMatchSet": "has the contract's columns and no other",
        "ExpectColumnValuesToBeUnique": "unique",
        "ExpectCompoundColumnsToBeUnique": "unique together",
        "ExpectColumnValuesToNotBeNull": "never null",
        "ExpectColumnValuesToBeBetween": ", ".join(bounds),
        "ExpectColumnValuesToBeInSet": f"one of {codes(one.kwargs.get('value_set', ()))}",
        "ExpectColumnValuesToMatchRegex": _pattern(str(one.kwargs.get("regex"))),
    }
    return words.get(one.type, code(one.type))


def _pattern(regex: str) -> str:
    inner = regex.removeprefix(r"\A(?:").removesuffix(r")\Z")
    return "a UUID" if inner.replace("(?:", "(") == UUID_PATTERN else f"matches {code(inner)}"


def outputs() -> Iterator[str]:
    """Outputs, who makes them, and what the index holds."""
    holders = {table.output: table for table in TABLES if table.output}
    names = [*OUTPUTS, *sorted(set(holders) - set(OUTPUTS))]
    states = codes(OUTPUT_STATES)
    yield f"An output is something computed of a photo. For each photo it is one of {states}. Its version is a hash of"
    yield "provider, code version, weights and parameters; when the version changes, the output is computed again.\n"
    rows = [
        (code(name), code(f"core.{holders[name].name}") if name in holders else "the search index", *_maker(name))
        for name in names
    ]
    yield from grid(("output", "kept in", "made by", "parameters"), rows)
    yield f"\n## Kinds of failure\n\n{codes(FAILURE_KINDS)}: see"
    yield "[When something is wrong](../troubleshooting.md#kinds-of-failure).\n"
    yield "\n## Properties of the search index\n"
    properties = [
        (code(one.name), f"{one.kind}{', many' if one.many else ''}", code(one.origin), one.description)
        for one in index_properties(TABLES)
    ]
    yield from grid(("property", "kept as", "comes from", "meaning"), properties)


def _maker(output: str) -> tuple[str, str]:
    recipes = outputs_of_intake()
    if output in recipes:
        recipe = recipes[output]
        values = ", ".join(f"{name}={value}" for name, value in recipe.parameters.items())
        return f"{code(recipe.provider)}, code {recipe.code_version}", values
    if output == INDEX_OUTPUT:
        return f"{code('document')}, code {DOCUMENT_VERSION}", ""
    for task in (task for task in TASKS if task.output == output):
        found = entries(task).items()
        bundled = sorted(name for name, point in found if point.dist is not None and point.dist.name == BUNDLED)
        return f"the {task.noun} of the settings; bundled: {codes(bundled)}", "the provider's own"
    (table,) = (table for table in TABLES if table.output == output)
    return f"{code('darkroom')}, code {table.code_version}", ""


def marts() -> Iterator[str]:
    """The marts and their columns, from the dbt project."""
    import yaml  # type: ignore[import-untyped]

    yield "Tables of the lake's schema `marts`, as `models_dbt` describes and enforces them. How to use them is told in"
    yield "[For analysts](../marts.md)."
    for file in sorted(MARTS.glob("*.yml")):
        models: list[dict[str, Any]] = yaml.safe_load(file.read_text())["models"]
        for model in models:
            sources = sorted(set(re.findall(r"ref\('(\w+)'\)", (MARTS / f"{model['name']}.sql").read_text())))
            yield f"\n## {model['name']}\n\n{' '.join(model['description'].split())}\n"
            yield f"Made from {codes(sources)}.\n"
            rows = [
                (
                    code(column["name"]),
                    code(column["data_type"]),
                    "" if {"type": "not_null"} in column.get("constraints", []) else "yes",
                    column["description"],
                )
                for column in model["columns"]
            ]
            yield from grid(("column", "type", "null", "meaning"), rows)
