"""Paths under ``/v1``: which model, which version, and which call."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from tensorflow_serving.apis import model_pb2

from modelserver.status import invalid

_VERSION = r"(?:/versions/(\d+)|/labels/([^/:]+))?"
_POST = re.compile(rf"/v1/models/([^/:]+){_VERSION}:(classify|regress|predict)", re.IGNORECASE)
_GET = re.compile(rf"/v1/models(?:/([^/:]+))?{_VERSION}(?:/(metadata))?", re.IGNORECASE)
_METHODS = ("classify", "regress", "predict")
_MAX_VERSION = 2**63 - 1


class Route(NamedTuple):
    """The target of a request.

    ``spec`` selects the version. ``what`` is predict, classify, regress, metadata or status.
    """

    spec: Any
    what: str


def find(method: str, path: str) -> Route:
    """Return the route of a request.

    ``path`` has a character for each byte, is still percent-encoded and includes the query, as in
    TensorFlow Serving.

    Raise ``ServingError`` with INVALID_ARGUMENT if there is no such route. Methods other than GET
    and POST are malformed.
    """
    pattern = {"POST": _POST, "GET": _GET}.get(method)
    match = pattern.fullmatch(path) if pattern else None
    if match is None:
        raise invalid(f"Malformed request: {method} {path}")
    name, version, label, what = match.groups()
    if (
        method == "POST" and what not in _METHODS
    ):  # the path is case-insensitive, the method name is not
        raise invalid(f"Malformed request: {method} {path}")
    if not name:
        raise invalid("Missing model name in request.")
    spec = model_pb2.ModelSpec(name=_text(name))
    if version:
        spec.version.value = _number(version)
    if label:
        spec.version_label = _text(label)
    return Route(spec, what if what in (*_METHODS, "metadata") else "status")


def _text(encoded: str) -> str:
    """Return a part of a path, whose characters are percent-encoded or bytes of UTF-8."""
    return unquote_to_bytes(encoded.encode("latin-1")).decode(errors="replace")


def _number(version: str) -> int:
    digits = version.lstrip("0") or "0"
    # Python refuses to parse thousands of digits.
    if len(digits) > len(str(_MAX_VERSION)) or int(digits) > _MAX_VERSION:
        raise invalid(f"Failed to convert version: {version} to numeric.")
    return int(digits)
