"""What a version says about itself, in the words that docs/model-contract.md defines."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from export import __version__
from export.checkpoint import Checkpoint
from export.network import INPUT_SIZE, LABELS
from export.pictures import FORMATS

SCHEMA = 1


def describe(name: str, checkpoint: Checkpoint) -> str:
    """The description of a detector made from `checkpoint`: a JSON object."""
    now = datetime.now(timezone.utc).replace(microsecond=0)
    return json.dumps(
        {
            "schema": SCHEMA,
            "name": name,
            "task": "detection",
            "labels": list(LABELS),
            "first_class": 0,
            "input": {
                "width": INPUT_SIZE,
                "height": INPUT_SIZE,
                "resize": "stretch",
                "scale": {"mean": [0, 0, 0], "std": [1, 1, 1]},
            },
            "formats": list(FORMATS),
            "max_batch": None,
            "made_by": f"framewire-export {__version__}",
            "made_from": f"{checkpoint.name} sha256:{checkpoint.digest()}",
            "made_at": now.isoformat().replace("+00:00", "Z"),
        }
    )
