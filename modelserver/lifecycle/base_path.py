"""A model's base path: the version directories on disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from modelserver.status import Code, ServingError

_NUMBER = re.compile(r"[+-]?[0-9]+")
_VERSIONS = range(-(2**63), 2**63)
_FILE_URI = re.compile(r"file://[^/]*(/.*)", re.DOTALL)


class BasePathMissing(OSError):
    """The base path does not exist, or cannot be listed."""


def directory(base_path: str) -> str:
    """Return the directory of a base path, which may be a URI such as ``file:///models/digits``.

    As in TensorFlow, its host is ignored, and percent signs have no meaning.
    """
    uri = _FILE_URI.fullmatch(base_path)
    return uri[1] if uri else base_path


def scan(base_path: str) -> dict[int, str]:
    """Return the versions under a base path: number -> directory.

    A name must parse as an int64 (``00000123`` is version 123); other entries are ignored. If two
    directories have the same number, the last one in sort order counts.

    Raise ``BasePathMissing``, so that callers can tell a missing directory from an empty one.
    """
    try:
        return dict(sorted(_versions(directory(base_path)), key=lambda version: version[1]))
    except (OSError, ValueError) as error:  # ValueError: no file can have that name
        reason = getattr(error, "strerror", None) or error
        raise BasePathMissing(f"{base_path}: {reason}") from None


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
    remedy = _remedy(directory(base_path).rstrip("/"))
    raise ServingError(Code.NOT_FOUND, f"nothing to serve as {name}: {missing}; {remedy}")


def _remedy(base_path: str) -> str:
    """Say what to do about a base path without versions."""
    if os.path.isfile(os.path.join(base_path, "saved_model.pb")):
        model = os.path.dirname(base_path) or "."
        return f"it is a version itself: name the model's directory, {model}"
    return (
        "a version is a SavedModel in a directory with a number as its name; "
        "`framewire export savedmodel` creates one"
    )
