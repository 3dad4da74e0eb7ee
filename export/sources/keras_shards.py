"""Keras weights in several files: ``NAME.weights.json`` lists ``NAME_00000.weights.h5`` ...."""

from __future__ import annotations

import json
from pathlib import Path

from export.errors import SourceError
from export.suggestions import listed

_SUFFIX = ".weights.json"


def files(path: Path) -> list[Path]:
    """Return the list and the files that it names. Raise ``SourceError`` if some are missing."""
    if not path.name.endswith(_SUFFIX):
        raise SourceError(
            f"{path} lists files with Keras weights, which Keras finds by its name: rename it to "
            f"NAME{_SUFFIX}, where the others are NAME_00000.weights.h5 and so on"
        )
    shards = [path.with_name(name) for name in sorted(_names(path))]
    missing = [shard.name for shard in shards if not shard.is_file()]
    if missing:
        raise SourceError(f"{path} is incomplete: {listed(missing)} is missing")
    return [path, *shards]


def _names(path: Path) -> set[str]:
    places = json.loads(path.read_text("utf-8"))["weight_map"].values()
    return {name for place in places for name in (place if isinstance(place, list) else [place])}
