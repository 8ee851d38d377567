"""Fakes, fixtures and conformance suites that ship with the product: what plugins are tested with."""
