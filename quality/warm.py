"""Importing this loads the expectation library: for processes that import once and fork workers many times.

Starts no thread and opens nothing, so that it is safe to fork afterwards. Everybody else calls `quality.engine`.
"""

from quality.engine import library

library()
