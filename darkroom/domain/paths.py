"""Paths as text: percent-escaped UTF-8 that keeps every byte, since file names need not be UTF-8."""

import os
from urllib.parse import quote_from_bytes, unquote_to_bytes

_SAFE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in "%\\")


def escape(path: bytes) -> str:
    r"""Escapes a path: valid UTF-8 stays readable; `%`, `\`, control characters and other bytes become `%XX`."""
    try:
        decoded = path.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(path, safe=_SAFE)
    return "".join(c if c.isprintable() and c not in "%\\" else quote_from_bytes(c.encode()) for c in decoded)


def unescape(path: str) -> str:
    """The file-system path, as Python's `os` functions take it (undecodable bytes become surrogates)."""
    return os.fsdecode(unquote_to_bytes(path))
