"""The base path of a model: which versions lie on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from modelserver.status import Code, ServingError

_NUMBER = re.compile(r"[+-]?[0-9]+")
_VERSIONS = range(-(2**63), 2**63)


class BasePathMissing(OSError):
    """The base path itself is not there, or cannot be listed."""


def scan(base_path: str) -> dict[int, str]:
    """The versions under a base path: number -> directory.

    Names must read as an int64 (``00000123`` is 123); all other entries are ignored. Of two
    directories with the same number, the one that sorts last counts.

    Raises:
        BasePathMissing: so that a path that is away for a moment is not taken for an empty one.
    """
    try:
        return dict(sorted(_versions(base_path), key=lambda found: found[1]))
    except OSError as error:
        raise BasePathMissing(f"{base_path}: {error.strerror or error}") from None


def _versions(base_path: str) -> Iterator[tuple[int, str]]:
    with os.scandir(base_path) as entries:
        for entry in entries:
            if _NUMBER.fullmatch(entry.name) and int(entry.name) in _VERSIONS and entry.is_dir():
                yield int(entry.name), entry.path


def check_any(name: str, base_path: str) -> None:
    """Make sure that there is something to load.

    Raises:
        ServingError: NOT_FOUND, with what is missing and how to make it.
    """
    try:
        if scan(base_path):
            return
        missing = f"{base_path} holds no version"
    except BasePathMissing as error:
        missing = str(error)
    raise ServingError(
        Code.NOT_FOUND,
        f"nothing to serve as {name}: {missing}; a version is a directory named by a number with "
        "a SavedModel in it, such as `python -m export savedmodel` makes",
    )
