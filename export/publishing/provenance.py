"""What a SavedModel was made from, read from its own description without TensorFlow."""

from __future__ import annotations

import json
import re
from typing import Any

from export.publishing.location import Location

FIELDS = ("name", "task", "made_by", "made_from", "made_at")
_LONGEST = 8 << 20
# The description is a constant of the graph, so the file contains its text unencoded.
_BEGIN = re.compile(rb'\{"schema": ?\d')


def read_provenance(version: Location) -> dict[str, Any]:
    """Return the provenance fields of the description in ``saved_model.pb``.

    Empty for a model without a description.
    """
    try:
        graph: bytes = version.fs.cat_file(f"{version.path}/saved_model.pb")
    except FileNotFoundError:
        return {}
    for match in _BEGIN.finditer(graph):
        description = _leading_object(graph[match.start() : match.start() + _LONGEST])
        if "made_from" in description:
            return {name: description[name] for name in FIELDS if name in description}
    return {}


def abbreviated(made_from: str) -> str:
    """Shorten the digest to twelve digits."""
    head, marker, digest = made_from.partition("sha256:")
    return f"{head}{marker}{digest[:12]}" if marker else made_from


def _leading_object(encoded: bytes) -> dict[str, Any]:
    """Decode the JSON object at the start of the bytes; binary data may follow it."""
    try:
        value, _ = json.JSONDecoder().raw_decode(encoded.decode("utf-8", "replace"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
