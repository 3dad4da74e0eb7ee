"""The version of the project that is installed."""

from __future__ import annotations

from functools import cache
from importlib import metadata


@cache
def version() -> str:
    """Return the version; ``unknown`` for a copy that was never installed."""
    try:
        return metadata.version("framewire")
    except metadata.PackageNotFoundError:
        return "unknown"
