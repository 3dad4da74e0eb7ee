"""Standard output whose reader may go away: ``list | head -1``, a closed terminal."""

from __future__ import annotations

import io
import os
import sys

from export.errors import ExportError


class _TolerantOutput(io.FileIO):
    """Discard output once it cannot be written any more.

    Publishing must not stop halfway because nobody reads its output.
    """

    def write(self, data: bytes) -> int:  # type: ignore[override]
        try:
            return super().write(data)
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            if isinstance(error, BrokenPipeError):
                return len(data)
            raise ExportError(f"cannot write the output: {error.strerror}") from None


def tolerate_closed_output() -> None:
    """From now on, ignore that standard output has lost its reader.

    Each line is written when it is complete, so that the reader of a pipe sees progress. Characters
    that its encoding does not have are escaped. Any other write error, such as a full disk, raises
    ``ExportError`` once.
    """
    original = sys.stdout
    if original is None:
        return
    original.flush()
    raw = _TolerantOutput(original.fileno(), "wb", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=original.encoding,
        errors="backslashreplace" if original.errors == "strict" else original.errors,
        line_buffering=True,
    )
