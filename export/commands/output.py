"""Standard output that may lose its reader: `list | head -1`, a terminal that is closed."""

from __future__ import annotations

import io
import os
import sys

from export.errors import ExportError


class _Unheard(io.FileIO):
    """Once nobody reads any more, what is written goes nowhere, and the work goes on: a version
    that is half published shall not depend on who listens."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if isinstance(error, BrokenPipeError):
                return len(data)
            raise ExportError(f"cannot write the output: {error.strerror}") from None


def outlive_reader() -> None:
    """From now on, standard output that nobody reads is no error. Does nothing without one.

    What else goes wrong there is an ExportError, once.
    """
    before = sys.stdout
    if before is None:
        return
    before.flush()
    raw = _Unheard(before.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding,
        errors=before.errors,
        line_buffering=before.isatty(),
    )
