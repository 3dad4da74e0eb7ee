"""Standard output whose reader may go away: ``framewire serve --help | head -1``."""

from __future__ import annotations

import io
import os
import sys
from typing import Any


class _Output(io.FileIO):
    """Discard what nobody reads any more, and all output after a write error."""

    program = ""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return len(data)
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            # Not an OSError, which argparse would ignore.
            message = f"{self.program}: cannot write the output: {error.strerror}"
            raise SystemExit(message) from None


def tolerate_closed_output(program: str) -> None:
    """From now on, ignore that standard output has lost its reader.

    Each line is written when it is complete, so that the reader of a pipe sees progress. Characters
    that its encoding does not have are escaped. Any other write error, such as a full disk, raises
    ``SystemExit`` with one line, once, which ``program`` begins. The caller must flush the output
    before it exits, because the interpreter cannot report that line.
    """
    _open_standard_files()
    original = sys.stdout
    if original is None:
        return
    original.flush()
    output = _Output(original.fileno(), "wb", closefd=False)
    output.program = program
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=original.encoding,
        errors="backslashreplace" if original.errors == "strict" else original.errors,
        line_buffering=True,
    )


def _open_standard_files() -> None:
    """Open those of the files 0 to 2 that the parent has closed, on the null device.

    Otherwise sockets would get their numbers, and what libraries write to standard error.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # the lowest free number, which is this one
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
