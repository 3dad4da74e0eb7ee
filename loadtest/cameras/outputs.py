"""Flags that name files and folders for results, checked before the load."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from framewire.recording.files import FOLDER_MODE
from loadtest.cameras.target import Unusable

_KINDS = ("json", "csv", "html", "hgrm")


def file(text: str) -> Path:
    """Return the path of a file that can be written: better now than after the load."""
    path = Path(text)
    if not text:
        reason = "a file needs a name"
    elif path.is_dir():
        reason = "it is a folder"
    elif not path.parent.is_dir():
        reason = f"there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "permission denied"
    else:
        return path
    raise argparse.ArgumentTypeError(f"cannot write {text!r}: {reason}")


def check(options: argparse.Namespace) -> None:
    """Check that no two results go into one file. Raises :class:`Unusable`."""
    flags: dict[Path, str] = {}
    for kind in _KINDS:
        path = getattr(options, kind)
        if path is None or not (path.is_file() or not path.exists()):
            continue  # a device, such as /dev/null, takes several
        other = flags.setdefault(path.resolve(), kind)
        if other != kind:
            raise Unusable(f"--{other} and --{kind} name the same file, {path}")


def new_folder(text: str) -> Path:
    """Return the path of a folder that is empty, or can be created."""
    path = Path(text)
    try:
        path.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        filled = any(path.iterdir())
        with tempfile.TemporaryFile(dir=path):
            pass  # so it can be written
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot write {text}: {error.strerror}") from None
    if filled:
        raise argparse.ArgumentTypeError(f"{text} is not empty")
    return path
