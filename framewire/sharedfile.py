"""A file that several programs read and replace: one at a time, and never in part."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, part: str = "") -> Iterator[None]:
    """Hold the lock of the file, or of a part of it. Of a link, that of what it points to.

    The lock is a file of its own, which stays. Raise ``BlockingIOError`` if another program holds
    it, and ``OSError`` for other reasons.
    """
    target = Path(os.path.realpath(path))
    lock = ".".join(["", target.name, *([part] if part else []), "lock"])
    number = os.open(target.with_name(lock), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)


def replace(path: Path, text: str) -> None:
    """Replace the file in one step, and keep its mode. Of a link, replace what it points to.

    Raise ``OSError``, and leave it as it was.
    """
    target = Path(os.path.realpath(path))
    new = target.with_name(f".{target.name}.new")
    try:
        with open(new, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, new)
        os.replace(new, target)
    except OSError as error:
        new.unlink(missing_ok=True)
        if error.errno == errno.EBUSY:
            words = "it is mounted by itself, and cannot be replaced; mount its folder instead"
            raise OSError(errno.EBUSY, words, str(path)) from None
        raise
