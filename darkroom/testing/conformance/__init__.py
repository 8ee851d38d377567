"""What every implementation of a store does: suites of tests that built-in parts, fakes and plugins all pass."""
