"""How values, counts and rows look on a terminal, and in a pipe.

Belongs here: what keeps text read from a photo from steering the terminal, and rows readable at any width. Does not
belong here: which values a command prints.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

Cell = str | Text

_JOINERS = "\u200c\u200d"
"""Not printable by themselves, but parts of Persian words and of emoji."""


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def visible(text: str) -> str:
    """Text with its control characters, line breaks too, spelt out."""
    return "".join(char if _harmless(char) else repr(char)[1:-1] for char in text)


def cell(value: Cell) -> Text:
    """Text as it stands: neither markup nor control characters in it mean anything."""
    return value if isinstance(value, Text) else Text(visible(value))


def print_rows(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """Prints rows as a table, or, where a terminal is too narrow for it, each row as lines of name and value.

    Into a pipe or file a row is one line, its values separated by tabs.
    """
    console = Console()
    cells = [[cell(value) for value in row] for row in rows]
    if not console.is_terminal:
        for line in ([cell(name) for name in names], *cells):
            console.file.write("\t".join(value.plain for value in line) + "\n")
        return
    table = Table(*(Column(cell(name)) for name in names), box=None, pad_edge=False, header_style="bold")
    for row in cells:
        table.add_row(*row)
    if not cells or natural_width(console, table) <= console.width:
        console.print(table)
        return
    for row in cells:
        columns = Column(style="bold", overflow="fold"), Column(overflow="fold")
        record = Table(*columns, box=None, pad_edge=False, show_header=False)
        for name, value in zip(names, row, strict=True):
            record.add_row(cell(name), Text(value.plain, style=value.style))
        console.print(record)
        console.print()


def natural_width(console: Console, table: Table) -> int:
    """How wide a table is that folds nothing."""
    return console.measure(table, options=console.options.update(max_width=1_000_000)).maximum


def _harmless(char: str) -> bool:
    return char.isprintable() or char in _JOINERS or unicodedata.category(char) == "Zs"
