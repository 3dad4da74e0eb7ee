"""A model's base path: the version directories on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from modelserver.status import Code, ServingError

_NUMBER = re.compile(r"[+-]?[0-9]+")
_VERSIONS = range(-(2**63), 2**63)


class BasePathMissing(OSError):
    """The base path does not exist, or cannot be listed."""


def scan(base_path: str) -> dict[int, str]:
    """Return the versions under a base path: number -> directory.

    A name must parse as an int64 (``00000123`` is version 123); other entries are ignored. If two
    directories have the same number, the last one in sort order counts.

    Raise ``BasePathMissing``, so that callers can tell a missing directory from an empty one.
    """
    try:
        return dict(sorted(_versions(base_path), key=lambda version: version[1]))
    except OSError as error:
        raise BasePathMissing(f"{base_path}: {error.strerror or error}") from None


def _versions(base_path: str) -> Iterator[tuple[int, str]]:
    with os.scandir(base_path) as entries:
        for entry in entries:
            if _NUMBER.fullmatch(entry.name) and int(entry.name) in _VERSIONS and entry.is_dir():
                yield int(entry.name), entry.path


def check_any(name: str, base_path: str) -> None:
    """Check that there is a version to load.

    Raise ``ServingError`` with NOT_FOUND, saying what is missing and how to create it.
    """
    try:
        if scan(base_path):
            return
        missing = f"{base_path} contains no version"
    except BasePathMissing as error:
        missing = str(error)
    raise ServingError(
        Code.NOT_FOUND,
        f"nothing to serve as {name}: {missing}; a version is a SavedModel in a directory with a "
        "number as its name; `python -m export savedmodel` creates one",
    )
