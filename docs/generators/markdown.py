"""The few shapes of Markdown that reference pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table; none when there are no rows."""
    found = [[_cell(value) for value in row] for row in rows]
    if found:
        yield f"| {' | '.join(head)} |"
        yield f"| {' | '.join('---' for _ in head)} |"
        yield from (f"| {' | '.join(row)} |" for row in found)


def code(text: object) -> str:
    """A name as code."""
    return f"`{text}`"


def codes(names: Iterable[object]) -> str:
    """Names as code, separated by commas."""
    return ", ".join(code(name) for name in names)


def _cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
