"""Paths that TensorFlow cannot read, and files that belong to no model.

TensorFlow takes brackets for patterns, and names for UTF-8.
"""

from __future__ import annotations

import re
from pathlib import Path

_NEVER_MATCHED = re.compile(r"[\[\\]")


def is_resource_fork(path: Path) -> bool:
    """Return whether macOS keeps attributes of another file here, as its archives do."""
    return path.name.startswith("._")


def obstacle(path: Path) -> str | None:
    """Return what keeps TensorFlow from finding files below a path, or None."""
    text = str(path.absolute())
    found = _NEVER_MATCHED.search(text)
    if found is not None:
        return found[0]
    try:
        text.encode()
    except UnicodeEncodeError:
        return "what is not UTF-8"
    return None
