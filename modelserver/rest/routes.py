"""Paths under ``/v1``: which model, which version, and which call."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

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

    ``path`` is still percent-encoded and includes the query, as in TensorFlow Serving.

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
    spec = model_pb2.ModelSpec(name=unquote(name))
    if version:
        if int(version) > _MAX_VERSION:
            raise invalid(f"Failed to convert version: {version} to numeric.")
        spec.version.value = int(version)
    if label:
        spec.version_label = unquote(label)
    return Route(spec, what if what in (*_METHODS, "metadata") else "status")
