"""Revisions in order. A revision is self-contained: it imports nothing of the code that will change after it."""
