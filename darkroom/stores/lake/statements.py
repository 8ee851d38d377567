"""Which statements of others may run: one SELECT (or EXPLAIN, DESCRIBE, SHOW) over the lake's own tables.

Judged by DuckDB's parse tree, never by looking at the text, and by what is allowed, never by what is known to be bad:
switching external access off stops files, but not the table functions that reach other databases or the catalog, where
the encryption keys are. Does not belong here: running anything (`sandbox`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from darkroom.stores.lake.duck import scratch

CHARACTERS_MAX = 100_000
SCHEMAS = {"", "marts", "core", "information_schema"}
CATALOGS = {"", "lake"}
TABLE_FUNCTIONS = {
    "generate_series",
    "json_each",
    "json_tree",
    "range",
    "snapshots",
    "table_changes",
    "table_deletions",
    "table_insertions",
    "unnest",
}
SHOWN = {"", '"tables"', "__show_tables_expanded"}
_SYSTEM_VIEW = re.compile(r"(duckdb|pg|pragma|sqlite)_", re.IGNORECASE)
_FILE = re.compile(r"[./\\:*?\[\]]")
_EXPLAIN = re.compile(r"\s*EXPLAIN\b\s*(ANALYZE\b\s*|\((FORMAT|ANALYZE)\b[^()]*\)\s*)?", re.IGNORECASE)


class StatementRefused(ValueError):
    """The statement is not one that may be asked. The message says what may."""


def check_statement(text: str) -> None:
    """Returns when `text` is one statement that only reads the lake. Raises `StatementRefused` otherwise.

    A syntax error is a refusal too, with the parser's message.
    """
    if len(text) > CHARACTERS_MAX:
        raise StatementRefused(f"a statement has at most {CHARACTERS_MAX:,} characters")
    kind = _single_type(text)
    if kind == duckdb.StatementType.EXPLAIN:
        explained = _EXPLAIN.match(text)
        if explained is None:
            raise StatementRefused("EXPLAIN comes first, without a comment before it")
        text = text[explained.end() :]
        kind = _single_type(text)
    if kind != duckdb.StatementType.SELECT:
        raise StatementRefused(
            f"{kind.name} is not allowed: only SELECT, EXPLAIN, DESCRIBE, SUMMARIZE and SHOW TABLES are"
        )
    for node in _nodes(_tree(text)):
        _check_node(node)


def _single_type(text: str) -> duckdb.StatementType:
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as error:
        raise StatementRefused(str(error)) from None
    if not statements:
        raise StatementRefused("there is no statement")
    if len(statements) != 1:
        raise StatementRefused("one statement at a time; PIVOT counts as two unless it has IN (…) and a FROM around it")
    return statements[0].type


def _tree(text: str) -> Any:
    with scratch() as parser:
        (row,) = parser.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
    try:
        tree = json.loads(row[0])
    except RecursionError:
        raise StatementRefused("the statement is nested too deeply") from None
    if tree["error"]:
        raise StatementRefused(f"this statement cannot be checked: {tree['error_message']}")
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object of the parse tree, however deep, without recursion."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _check_node(node: dict[str, Any]) -> None:
    match node.get("type"):
        case "TABLE_FUNCTION":
            name = str(node["function"]["function_name"]).lower()
            if name not in TABLE_FUNCTIONS:
                raise StatementRefused(f"{name}(…) is not allowed in FROM: {', '.join(sorted(TABLE_FUNCTIONS))} are")
        case "BASE_TABLE":
            _check_place(node)
            name = str(node["table_name"])
            if _FILE.search(name) or (not node["schema_name"] and _SYSTEM_VIEW.match(name)):
                raise StatementRefused(f"{name!r} is no table of the lake: SHOW TABLES lists them")
        case "SHOW_REF":
            _check_place(node)
            if node["table_name"] not in SHOWN:
                raise StatementRefused("of SHOW only SHOW TABLES and SHOW ALL TABLES are allowed")


def _check_place(node: dict[str, Any]) -> None:
    catalog, schema = str(node["catalog_name"]).lower(), str(node["schema_name"]).lower()
    if catalog not in CATALOGS or schema not in SCHEMAS:
        raise StatementRefused(f"{'.'.join(filter(None, (catalog, schema)))} is not open: marts and core are")
