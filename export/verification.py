"""Loads a SavedModel back and holds it against its contract and its checkpoint's network."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from export import camera, scenes
from export.detection import MAX_BOXES, detect
from export.errors import ContractBroken
from export.network import INPUT_SIZE, LABELS, Detector
from export.pictures import decode
from export.sources.digits import CANVAS

TOLERANCE = 1e-3
"""How far scores, and sides of boxes in 0..1, may be off: folding rounds differently."""

BATCHES = (1, 2, 16)

_SIZES = ((640, 480), (480, 640), (192, 192), (150, 110), (1280, 720))
_CLEAR = 0.1
"""Boxes below this score come and go with the rounding and are not compared."""

Outputs = dict[str, np.ndarray]
_Specs = dict[str, tuple[str, list[int | None]]]


@dataclass(frozen=True)
class Report:
    """What was compared: pictures, boxes in them, and the largest difference found."""

    pictures: int
    boxes: int
    difference: float


def verify(folder: Path, network: Detector, description: str) -> Report:
    """Checks the SavedModel in `folder` against the checkpoint's `network`, not folded.

    Raises ContractBroken.
    """
    signatures = tf.saved_model.load(str(folder)).signatures
    _check_shapes(signatures)
    _check_description(signatures["describe"], description)
    pictures = _pictures()
    boxes, worst = 0, 0.0
    for count in BATCHES:
        for name, inputs in _batches(pictures[:count]).items():
            wanted = _run(network, name, inputs)
            found = {k: v.numpy() for k, v in signatures[name](image=tf.constant(inputs)).items()}
            checked, off = _compare(f"{name}, batch {count}", found, wanted)
            boxes, worst = boxes + checked, max(worst, off)
    _check_refusal(signatures["serving_default"], pictures[0])
    return Report(max(BATCHES), boxes, worst)


def _pictures() -> list[bytes]:
    """The same sixteen pictures every time; no fonts are needed."""
    encoded = []
    for seed in range(max(BATCHES)):
        picture = scenes.render((2026, seed), _SIZES[seed % len(_SIZES)]).picture
        encoded.append(camera.jpeg(picture, 85) if seed % 3 else _png(picture))
    return encoded


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _batches(encoded: list[bytes]) -> dict[str, np.ndarray]:
    """The same pictures as each signature takes them."""
    pixels = [
        np.asarray(Image.open(io.BytesIO(e)).convert("RGB").resize((INPUT_SIZE, INPUT_SIZE)))
        for e in encoded
    ]
    return {"serving_default": np.array(encoded, object), "serving_pixels": np.stack(pixels)}


def _run(network: Detector, signature: str, inputs: np.ndarray) -> Outputs:
    """What the checkpoint's network says, operation by operation, outside any graph."""
    if signature == "serving_default":
        pictures = tf.stack([decode(encoded, CANVAS)[0] for encoded in inputs])
    else:
        pictures = tf.constant(inputs.astype(np.float32))
    return {name: value.numpy() for name, value in detect(*network(pictures)).items()}


def _check_shapes(signatures: Any) -> None:
    detections: _Specs = {
        "detection_boxes": ("float32", [None, MAX_BOXES, 4]),
        "detection_scores": ("float32", [None, MAX_BOXES]),
        "detection_classes": ("float32", [None, MAX_BOXES]),
        "num_detections": ("float32", [None]),
    }
    pixels = ("uint8", [None, INPUT_SIZE, INPUT_SIZE, 3])
    contract: dict[str, tuple[_Specs, _Specs]] = {
        "serving_default": ({"image": ("string", [None])}, detections),
        "serving_pixels": ({"image": pixels}, detections),
        "describe": ({}, {"description": ("string", [])}),
    }
    for name, (inputs, outputs) in contract.items():
        if name not in signatures:
            raise ContractBroken(f"the signature {name} is missing")
        function = signatures[name]
        _check_specs(f"{name}'s inputs", function.structured_input_signature[1], inputs)
        _check_specs(f"{name}'s outputs", function.structured_outputs, outputs)


def _check_specs(what: str, specs: dict[str, Any], wanted: _Specs) -> None:
    found = {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in specs.items()}
    if found != wanted:
        raise ContractBroken(f"{what} are {found}, not {wanted}")


def _check_description(describe: Any, wanted: str) -> None:
    found = json.loads(describe()["description"].numpy())
    if found != json.loads(wanted):
        raise ContractBroken("describe does not give the description that was put in")
    if found["labels"] != list(LABELS):
        raise ContractBroken("the description's labels are not the network's")


def _check_refusal(serving: Any, picture: bytes) -> None:
    """A broken picture must fail, not come back as a picture with nothing in it."""
    for broken in (b"", b"no picture", picture[: len(picture) // 2]):
        try:
            serving(image=tf.constant([picture, broken]))
        except tf.errors.OpError:
            continue
        raise ContractBroken(f"a broken picture of {len(broken)} bytes was not refused")


def _compare(what: str, found: Outputs, wanted: Outputs) -> tuple[int, float]:
    """The number of boxes compared and the largest difference; raises ContractBroken."""
    checked, worst = 0, 0.0
    for picture in range(len(wanted["detection_scores"])):
        mine, theirs = _rows(found, picture), _rows(wanted, picture)
        for row in theirs[theirs[:, 0] >= _CLEAR]:
            same = mine[mine[:, 1] == row[1]]
            off = float(np.abs(same - row).max(axis=1).min()) if len(same) else 1.0
            if off > TOLERANCE:
                raise ContractBroken(
                    f"{what}, picture {picture}: differs from the checkpoint by {off:.4f}"
                )
            checked, worst = checked + 1, max(worst, off)
        if (mine[:, 0] >= _CLEAR + TOLERANCE).sum() > (theirs[:, 0] >= _CLEAR).sum():
            raise ContractBroken(f"{what}, picture {picture}: has boxes the checkpoint has not")
    return checked, worst


def _rows(outputs: Outputs, picture: int) -> np.ndarray:
    """Score, class and box of each detection in one picture: [k, 6]."""
    count = int(outputs["num_detections"][picture])
    parts = ("detection_scores", "detection_classes", "detection_boxes")
    columns = [outputs[name][picture, :count].reshape(count, -1) for name in parts]
    return np.concatenate(columns, axis=1)
