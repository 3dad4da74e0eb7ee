"""Models for the puppet: a detector in all its shapes, classifiers, raw tensors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.server.backend.puppet_server import (
    FLOAT,
    INT64,
    STRING,
    UINT8,
    PuppetModel,
    Spec,
    signature,
)

BYTES: Spec = (STRING, (-1,))
DETECTION: dict[str, Spec] = {
    "detection_boxes": (FLOAT, (-1, 2, 4)),
    "detection_scores": (FLOAT, (-1, 2)),
    "detection_classes": (INT64, (-1, 2)),
    "num_detections": (INT64, (-1,)),
}
# One box for the wire: [x0, y0, x1, y1] of the model's input.
BOX = [0.25, 0.5, 0.5, 0.75]
DESCRIPTION: dict[str, Any] = {
    "schema": 1,
    "name": "digits",
    "task": "detection",
    "labels": ["zero", "one", "two"],
    "first_class": 0,
    "input": {"width": 8, "height": 8, "resize": "stretch", "scale": None},
    "formats": ["jpeg", "png"],
    "max_batch": 64,
}


def sent(request: Any) -> Any:
    """The one input tensor of a request."""
    [tensor] = request.inputs.values()
    return tensor


def rows(request: Any) -> int:
    """How many frames a request holds."""
    return int(sent(request).tensor_shape.dim[0].size)


def sent_pixels(request: Any) -> np.ndarray[Any, Any]:
    """The pixels of a request as the model would see them."""
    tensor = sent(request)
    dtype = np.uint8 if tensor.dtype == UINT8 else np.float32
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)


def detect(request: Any) -> dict[str, Any]:
    """One detection a frame at BOX, of class 2, and one entry of padding."""
    x0, y0, x1, y1 = BOX
    n = rows(request)
    return {
        "detection_boxes": np.tile(np.array([[y0, x0, y1, x1], [0, 0, 0, 0]], "f"), (n, 1, 1)),
        "detection_scores": np.tile(np.array([0.75, 0.0], "f"), (n, 1)),
        "detection_classes": np.tile(np.array([2, 0]), (n, 1)),
        "num_detections": np.full(n, 1),
    }


def describe(fields: Mapping[str, Any]) -> tuple[Any, Any]:
    """The signature ``describe`` and its answer."""
    text = json.dumps(fields).encode()
    return signature({}, {"description": (STRING, ())}), lambda request: {"description": text}


def detector(version: int = 7, description: Mapping[str, Any] | None = DESCRIPTION) -> PuppetModel:
    """What export makes: bytes and pixels of 8x8, and a description."""
    model = PuppetModel(
        version,
        {
            "serving_default": signature({"image": BYTES}, DETECTION),
            "serving_pixels": signature({"pixels": (UINT8, (-1, 8, 8, 3))}, DETECTION),
        },
        {"serving_default": detect, "serving_pixels": detect},
    )
    if description is not None:
        model.signatures["describe"], model.answer["describe"] = describe(description)
    return model


def single(inputs: Mapping[str, Spec], outputs: Mapping[str, Spec], answer: Any) -> PuppetModel:
    """A model of one signature and no description."""
    return PuppetModel(
        1, {"serving_default": signature(inputs, outputs)}, {"serving_default": answer}
    )
