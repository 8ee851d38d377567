"""Fixtures every kind of test may use."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the tests that break things or take long."""
    parser.addoption("--crash-cycles", type=int, default=1, help="how many crash cycles to run")
    parser.addoption("--crash-seed", type=int, default=1, help="seed of the first crash cycle; the others follow")
    parser.addoption("--long", action="store_true", help="run the tests marked long, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves long tests out unless they are asked for, saying so."""
    if not config.getoption("long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: run `make test-long`"))


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Real files beside the checkout; tests that need them skip, saying so, when they are not there."""
    folder = Path(__file__).parents[1].parent / "shared" / "testdata"
    if not folder.is_dir():
        pytest.skip(f"needs the shared test data ({folder} is absent)")
    return folder
