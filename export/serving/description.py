"""The description of a version, as docs/model-contract.md defines it."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from export import __version__
from export.serving.conversion import Conversion
from export.serving.decoding import FORMATS

SCHEMA = 1


def describe(name: str, conversion: Conversion, max_batch: int | None = None) -> str:
    """Return the description of a version: a JSON object.

    ``name``: the model's name. ``max_batch``: the most images per call; None for no limit.
    """
    now = datetime.now(timezone.utc).replace(microsecond=0)
    canvas = conversion.canvas
    return json.dumps(
        {
            "schema": SCHEMA,
            "name": name,
            "task": conversion.task.name,
            "labels": list(conversion.labels),
            "first_class": conversion.task.first_class,
            **conversion.task.details,
            **({} if conversion.then is None else {"then": conversion.then}),
            "input": {
                "width": canvas.width if canvas else None,
                "height": canvas.height if canvas else None,
                "resize": "letterbox" if canvas and canvas.letterbox else "stretch",
                # The graph itself scales the pixels that its signatures take.
                "scale": {"mean": [0, 0, 0], "std": [1, 1, 1]},
            },
            "formats": list(FORMATS),
            "max_batch": max_batch,
            "made_by": f"framewire-export {__version__}",
            "made_from": conversion.source.made_from,
            "made_at": now.isoformat().replace("+00:00", "Z"),
        }
    )
