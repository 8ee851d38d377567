"""Fixtures every kind of test may use."""

import signal
from pathlib import Path

import pytest

SLOW = {
    "crash": ("crash_cycles", "kills parts of a platform for minutes: run `make test-crash`"),
    "long": ("long", "takes minutes: run `make test-long`"),
    "platform": ("platform", "starts whole platforms or builds all marts: run `make test-platform`"),
}
"""Markers of tests that are run when an option is given, that option, and what is said without it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the tests that break things or take long."""
    parser.addoption("--crash-cycles", type=int, default=0, help="how many crash cycles to run")
    parser.addoption("--crash-seed", type=int, default=1, help="seed of the first crash cycle; the others follow")
    parser.addoption("--platform", action="store_true", help="run the tests marked platform, too")
    parser.addoption("--long", action="store_true", help="run the tests marked long, too")


def pytest_configure() -> None:
    """Lets processes of tests be interrupted, too, where the tests run in the background of a shell, which are not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves slow tests out unless they are asked for, saying so."""
    for marker, (option, reason) in SLOW.items():
        if not config.getoption(option):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Real files beside the checkout; tests that need them skip, saying so, when they are not there."""
    folder = Path(__file__).parents[1].parent / "shared" / "testdata"
    if not folder.is_dir():
        pytest.skip(f"needs the shared test data ({folder} is absent)")
    return folder
