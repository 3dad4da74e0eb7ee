"""Copies a version of a detector, with a regression: ``python -m tests.export.planted``.

``labels``: the names of classes 3 and 8 are swapped. ``shift``: each box lies an eighth of its size
too low and too far right. ``blind``: class 3 is not found any more.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.contract import BOXES, BYTES, CLASSES, DESCRIBE, PIXELS, SCORES

KINDS = ("labels", "shift", "blind")
FIRST, SECOND = 3, 8


def plant(source: Path, target: Path, kind: str) -> None:
    """Write a copy of a version."""
    loaded = tf.saved_model.load(str(source))
    description = json.loads(loaded.signatures[DESCRIBE]()["description"].numpy())
    labels = description["labels"]
    if kind == "labels":
        labels[FIRST], labels[SECOND] = labels[SECOND], labels[FIRST]
    copy = tf.Module()
    copy.source = loaded
    signatures = {name: _changed(loaded.signatures[name], kind) for name in (BYTES, PIXELS)}
    text = json.dumps(description)
    describe = tf.function(lambda: {"description": tf.constant(text)}, input_signature=[])
    tf.saved_model.save(copy, str(target), {**signatures, DESCRIBE: describe})


def _changed(signature: Any, kind: str) -> Any:
    spec = signature.structured_input_signature[1]["image"]
    return tf.function(
        lambda image: _regression(dict(signature(image=image)), kind), input_signature=[spec]
    )


def _regression(outputs: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind == "shift":
        boxes = outputs[BOXES]
        size = boxes[..., 2:] - boxes[..., :2]
        outputs[BOXES] = boxes + tf.concat([size, size], -1) / 8
    if kind == "blind":
        found = tf.not_equal(outputs[CLASSES], FIRST)
        outputs[SCORES] = tf.where(found, outputs[SCORES], 0.0)
    return outputs


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    plant(options.source, options.target, options.kind)
