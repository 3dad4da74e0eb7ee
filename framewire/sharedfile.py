"""A file that several programs read and replace: one at a time, and never in part."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Hold the lock whose file is ``lock``; it is made if need be, and stays.

    Raise ``BlockingIOError`` if another program holds it, and ``OSError`` for other reasons.
    """
    number = os.open(lock, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)


def replace(path: Path, text: str) -> None:
    """Replace the file in one step. Raise ``OSError``, and leave it as it was."""
    new = path.with_name(f".{path.name}.new")
    try:
        with open(new, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
