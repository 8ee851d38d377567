"""Fixtures every kind of test may use."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def testdata() -> Path:
    """Real files beside the checkout; tests that need them skip, saying so, when they are not there."""
    folder = Path(__file__).parents[1].parent / "shared" / "testdata"
    if not folder.is_dir():
        pytest.skip(f"needs the shared test data ({folder} is absent)")
    return folder
