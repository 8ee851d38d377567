"""Paths as text: percent-escaped UTF-8 that keeps every byte, since file names need not be UTF-8."""

import os
from urllib.parse import quote_from_bytes, unquote_to_bytes


def escape(path: bytes) -> str:
    r"""Escapes a path: valid UTF-8 stays readable; `%`, `\`, control characters and other bytes become `%XX`.

    What is escaped of a part does not depend on the rest: a folder reads the same whatever lies in it.
    """
    decoded = path.decode("utf-8", "surrogateescape")
    return "".join(
        c if c.isprintable() and c not in "%\\" else quote_from_bytes(c.encode("utf-8", "surrogateescape"))
        for c in decoded
    )


def unescape(path: str) -> str:
    """The file-system path, as Python's `os` functions take it (undecodable bytes become surrogates)."""
    return os.fsdecode(unquote_to_bytes(path))
