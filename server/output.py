"""Standard output whose reader may go away: ``framewire serve --help | head -1``."""

from __future__ import annotations

import io
import sys
from typing import Any


class _Output(io.FileIO):
    """Discard what nobody reads any more."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)


def tolerate_closed_output() -> None:
    """From now on, ignore that standard output has lost its reader."""
    original = sys.stdout
    if original is None:
        return
    original.flush()
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(original.fileno(), "wb", closefd=False)),
        encoding=original.encoding,
        errors=original.errors,
        line_buffering=original.isatty(),
    )
