"""Paths that TensorFlow cannot read: it takes some characters for patterns, and names for UTF-8."""

from __future__ import annotations

import re
from pathlib import Path

_PATTERN = re.compile(r"[\[\]*?\\]")


def obstacle(path: Path) -> str | None:
    """Return what keeps TensorFlow from finding files below a path, or None."""
    text = str(path.absolute())
    found = _PATTERN.search(text)
    if found is not None:
        return found[0]
    try:
        text.encode()
    except UnicodeEncodeError:
        return "what is not UTF-8"
    return None
