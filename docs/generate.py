"""Reference pages made from the code they describe: `python -m docs.generate` writes `docs/reference/`.

Belongs here: which page is made by which generator. Does not belong here: how a page is made (`generators`), or
anything a person should say (the pages beside this file).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from docs.generators import lake, pipeline, running, service

FOLDER = Path(__file__).parent / "reference"
COMMAND = "python -m docs.generate"

PAGES: dict[str, tuple[str, Callable[[], Iterable[str]]]] = {
    "tables.md": ("Tables", lake.tables),
    "checks.md": ("Checks", lake.checks),
    "marts.md": ("Marts", lake.marts),
    "outputs.md": ("Outputs", lake.outputs),
    "assets.md": ("Assets", pipeline.assets),
    "filters.md": ("Fields of filters", service.filters),
    "routes.md": ("Routes", service.routes),
    "problems.md": ("Problems", service.problems),
    "settings.md": ("Settings", running.settings),
    "cli.md": ("Command line", running.cli),
}
"""Title and generator of each page, by its file name."""


def page(name: str) -> str:
    """The text of one page of `PAGES`."""
    title, make = PAGES[name]
    head = f"<!-- Made by `{COMMAND}`: change the code it describes, not this page. -->\n\n# {title}\n\n"
    return head + "\n".join(make()).rstrip() + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file in PAGES:
        (FOLDER / file).write_text(page(file))
