"""Rules of the house that no other tool checks, each named after the trouble it prevents."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("darkroom", "assets", "quality", "orchestration", "api")
MODULES = sorted(
    path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations/versions" not in str(path)
)
SQL_HOMES = ("darkroom/stores/", "darkroom/contracts/ddl.py", "api/queries/", "models_dbt/")
ENVIRONMENT_HOMES = (
    "darkroom/settings.py",
    "darkroom/supervision/",
    "darkroom/cli/",
    "darkroom/workers/",
    "orchestration/",
)
DRAWERS = {"utils", "common", "helpers", "misc", "shared", "lib"}
SQL = re.compile(
    r"^\s*(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s.+\sSET\s|DELETE\s+FROM\s|CREATE\s+TABLE\s)",
    re.IGNORECASE | re.DOTALL,
)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String constants that are no docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_opens_with_its_charter(path: Path):
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring and len(docstring) > 20, f"{name(path)} does not say what it is"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_files_stay_readable_at_a_sitting(path: Path):
    assert len(path.read_text().splitlines()) <= 400, f"{name(path)} wants to be two files"


def test_no_module_is_a_drawer():
    assert not [name(path) for path in MODULES if path.stem in DRAWERS or path.parent.name in DRAWERS]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_sql_lives_with_the_stores_and_queries(path: Path):
    """Statements scattered over services could not be found when a table changed."""
    if name(path).startswith(SQL_HOMES):
        return
    found = [line for line, text in strings(ast.parse(path.read_text())) if SQL.match(text)]
    assert not found, f"{name(path)} holds SQL at lines {found}: move it to darkroom/stores or api/queries"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_environment_is_read_at_the_roots_only(path: Path):
    """A variable read at import makes tests depend on their order."""
    if name(path).startswith(ENVIRONMENT_HOMES):
        return
    tree = ast.parse(path.read_text())
    found = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("environ", "getenv")
        and getattr(node.value, "id", "") == "os"
    ]
    assert not found, f"{name(path)} reads the environment at lines {found}"


def test_the_wheel_holds_the_product_library_only():
    assert 'packages = ["darkroom"]' in (ROOT / "pyproject.toml").read_text()
