"""How rows, counts and strange text look on a terminal, and in a pipe."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from darkroom.cli import printing
from darkroom.cli.search import hits_table

LONG = "a folder with a very long name/" * 3


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], list[str]]:
    """Prints two rows on a terminal of so many columns, or into a pipe, and gives the lines."""

    def lines(columns: int | None) -> list[str]:
        to = io.StringIO()
        console = Console(file=to, width=columns or 80, force_terminal=columns is not None, color_system=None)
        monkeypatch.setattr(printing, "Console", lambda: console)
        printing.print_rows(("name", "file"), [("one", LONG), ("[bold]two", "b\x1b[31m\n")])
        return [line.rstrip() for line in to.getvalue().splitlines()]

    return lines


def test_rows_are_a_table_where_they_fit(printed: Callable[[int | None], list[str]]) -> None:
    assert printed(200) == ["name       file", f"one        {LONG}".rstrip(), "[bold]two  b\\x1b[31m\\n"]


def test_in_a_narrow_terminal_each_row_is_lines_and_nothing_is_cut(printed: Callable[[int | None], list[str]]) -> None:
    lines = printed(40)
    assert max(map(len, lines)) <= 40
    assert lines[0] == "name  one"
    shown = "".join(line[6:] for line in lines[1 : lines.index("")])
    assert shown.replace(" ", "") == LONG.replace(" ", "")
    assert lines[-3:] == ["name  [bold]two", "file  b\\x1b[31m\\n", ""]


def test_in_a_pipe_a_row_is_a_line_however_long(printed: Callable[[int | None], list[str]]) -> None:
    assert printed(None) == ["name\tfile", f"one\t{LONG}", "[bold]two\tb\\x1b[31m\\n"]


def test_text_that_was_read_from_a_photo_does_not_steer_the_terminal() -> None:
    photo = {"id": "1", "taken_at": None, "files": [{"path": "[red]a\x07.jpg"}]}
    hit = {"photo": photo, "score": 0.5, "reasons": [{"kind": "words", "detail": "\x1b]0;title\x07 in text"}]}
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as shown:
        console.print(hits_table([hit]))
    assert "[red]a\\x07.jpg" in shown.get()
    assert "\\x1b]0;title\\x07 in text" in shown.get()


def test_no_rows_are_a_heading_however_narrow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=10, force_terminal=True, color_system=None)
    monkeypatch.setattr(printing, "Console", lambda: console)
    with console.capture() as shown:
        printing.print_rows(("photo", "a name that is long"), [])
    assert "name" in shown.get()


@pytest.mark.parametrize("text", ["خانه\u200cها", "\N{WOMAN}\u200d\N{ROCKET}", "a\u00a0b", "京都\u3000"])
def test_text_of_every_script_stays_as_it_is(text: str) -> None:
    assert printing.visible(text) == text


def test_one_is_singular() -> None:
    assert [printing.counted(number, "file") for number in (0, 1, 2)] == ["0 files", "1 file", "2 files"]
