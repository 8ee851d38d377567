"""What keeps the API apart from the pipeline, and its queries from forgetting who asks."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUERIES = sorted((ROOT / "api" / "queries").glob("*.py"))

BLOCKED = """
import sys
for name in ("dagster", "dagster_dbt", "great_expectations", "orchestration", "assets", "quality"):
    sys.modules[name] = None  # an import of it fails
import api.app
api.app.create_app(api.app.load_settings(home="/nowhere")).openapi()
from darkroom.services.models import models
assert all(model.version for model in models(api.app.load_settings(home="/nowhere").inference))
heavy = {"torch", "onnxruntime", "onnx", "lancedb", "rapidocr", "cv2", "dlib", "scipy", "PIL", "great_expectations"}
heavy &= set(sys.modules)
heavy = {name for name in heavy if sys.modules[name] is not None}
assert not heavy, f"importing the API loads {heavy}"
"""


def test_the_api_starts_without_dagster_and_without_models():
    """Deployed alone, the API has no orchestration installed; a start that loads models takes seconds."""
    done = subprocess.run([sys.executable, "-c", BLOCKED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def queries() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in QUERIES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield path.name, node


def annotations(function: ast.FunctionDef) -> list[str]:
    return [ast.unparse(one.annotation) if one.annotation else "" for one in function.args.args]


def test_every_query_takes_the_caller_first():
    """A query that did not know who asks answered with everyone's rows.

    Private functions may leave the caller out only while they touch no store.
    """
    forgot = [
        f"{file}:{function.lineno} {function.name}"
        for file, function in queries()
        for kinds in [annotations(function)]
        if (not function.name.startswith("_") or {"Connection", "Lake", "Engine"} & set(kinds))
        and (not kinds or not kinds[0].startswith("Caller"))
    ]
    assert not forgot, f"these take no Caller first: {forgot}"
    assert len([None for _, function in queries() if annotations(function)[:1] == ["Caller"]]) >= 15


NOBODYS = {"take_turn", "revision", "epoch", "redeem", "end", "expiry"}
"""Queries about what is nobody's: a lock, a version, an epoch, a session that its own secret names."""


def test_every_query_looks_at_its_caller():
    """A caller that is taken and never looked at restricts nothing."""
    deaf = {
        f"{file} {function.name}"
        for file, function in queries()
        if annotations(function)[:1] == ["Caller"] and function.name not in NOBODYS
        if "caller" not in {node.id for node in ast.walk(ast.Module(function.body)) if isinstance(node, ast.Name)}
    }
    assert not deaf


def test_the_lint_sees_a_query_that_forgot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    forgetful = tmp_path / "forgetful.py"
    forgetful.write_text("def everything(connection: Connection) -> list[Row]: ...\n")
    monkeypatch.setattr(f"{__name__}.QUERIES", [*QUERIES, forgetful])
    with pytest.raises(AssertionError, match="everything"):
        test_every_query_takes_the_caller_first()
    forgetful.write_text("def everything(caller: Caller, connection: Connection) -> list[Row]: ...\n")
    with pytest.raises(AssertionError, match="everything"):
        test_every_query_looks_at_its_caller()


@pytest.mark.parametrize("path", sorted((ROOT / "api" / "resources").glob("*.py")), ids=lambda path: path.name)
def test_routes_hold_no_rules_about_tables(path: Path):
    """Statements in routes were the first to miss the library."""
    names = {node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)}
    assert not names & {"darkroom.stores.state.schema", "darkroom.stores.state"}


def test_every_middleware_is_pure_asgi():
    """`BaseHTTPMiddleware` costs several times the request it wraps, and breaks streaming."""
    used = [p.name for p in (ROOT / "api").rglob("*.py") if "from starlette.middleware.base" in p.read_text()]
    assert not used
