"""Where a SavedModel comes from, as its own description says; read without TensorFlow."""

from __future__ import annotations

import json
import re
from typing import Any

from export.publishing.location import Location

KEYS = ("name", "task", "made_by", "made_from", "made_at")
_LONGEST = 8 << 20
# The description is a constant of the graph, so its text lies in the file as it is.
_BEGIN = re.compile(rb'\{"schema": ?\d')


def origin(version: Location) -> dict[str, Any]:
    """Of the description in `saved_model.pb`, what tells where the model comes from.

    Empty for a model that does not describe itself.
    """
    try:
        graph: bytes = version.fs.cat_file(f"{version.path}/saved_model.pb")
    except FileNotFoundError:
        return {}
    for found in _BEGIN.finditer(graph):
        described = _object(graph[found.start() : found.start() + _LONGEST])
        if "made_from" in described:
            return {key: described[key] for key in KEYS if key in described}
    return {}


def _object(encoded: bytes) -> dict[str, Any]:
    """The JSON object that the bytes begin with; what follows it is no text."""
    try:
        found, _ = json.JSONDecoder().raw_decode(encoded.decode("utf-8", "replace"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
