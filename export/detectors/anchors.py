"""Anchors: the boxes that the offsets of a detector start from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import Tensor
from export.detectors import anchor_file
from export.detectors.decoder import Size
from export.detectors.options import DecodeOptions
from export.detectors.pyramid import Pyramid
from export.detectors.ssd import SSD300, SSD300_COCO, SSD512, SSD512_COCO, TF_SSD, Grids, Mobile
from export.errors import SourceError
from export.suggestions import did_you_mean

_LARGEST_EXPONENT = 10.0
"""Offsets of untrained models can be anything; a box of e^10 anchors covers the image anyway."""


@dataclass(frozen=True)
class Coding:
    """How a model encodes boxes as offsets from anchors.

    ``order``: one of ``options.OFFSET_ORDERS``. Offsets ``cxcywh`` and ``cycxhw`` shift centers by
    shares of the anchor's size, and scale sizes exponentially; ``xyxy`` and ``yxyx`` shift the
    four sides by shares of the anchor's size. ``variances``: the factors of the offsets, in that
    order.
    """

    order: str
    variances: tuple[float, ...]


@dataclass(frozen=True)
class Anchors:
    """``boxes``: float32 ``[A, 4]``: center y, center x, height, width in 0..1."""

    name: str
    boxes: np.ndarray
    coding: Coding

    def decode(self, offsets: Tensor) -> Tensor:
        """Convert offsets ``[N, A, 4]`` to boxes ``[N, A, 4]``: ymin, xmin, ymax, xmax."""
        offsets = tf.cast(offsets, tf.float32) * tf.constant(self.coding.variances)
        if self.coding.order in ("cxcywh", "xyxy"):
            offsets = tf.gather(offsets, [1, 0, 3, 2], axis=-1)
        center, size = self.boxes[:, :2], self.boxes[:, 2:]
        if self.coding.order in ("xyxy", "yxyx"):
            sides = np.concatenate([center - size / 2, center + size / 2], axis=-1)
            return sides + offsets * np.concatenate([size, size], axis=-1)
        at = center + offsets[..., :2] * size
        half = tf.exp(tf.minimum(offsets[..., 2:], _LARGEST_EXPONENT)) * (size / 2)
        return tf.concat([at - half, at + half], axis=-1)


_CAFFE = Coding("cxcywh", (0.1, 0.1, 0.2, 0.2))
_TENSORFLOW = Coding("cycxhw", (0.1, 0.1, 0.2, 0.2))
_EFFICIENTDET = Coding("cycxhw", (1.0, 1.0, 1.0, 1.0))
_TORCHVISION = Coding("cxcywh", (1.0, 1.0, 1.0, 1.0))
_FIZYR = Coding("xyxy", (0.2, 0.2, 0.2, 0.2))

PRESETS: Mapping[str, tuple[Grids | Mobile | Pyramid, Coding]] = {
    "ssd300": (SSD300, _CAFFE),
    "ssd300-coco": (SSD300_COCO, _CAFFE),
    "ssd512": (SSD512, _CAFFE),
    "ssd512-coco": (SSD512_COCO, _CAFFE),
    "tf-ssd": (TF_SSD, _TENSORFLOW),
    "tf-ssd-fpn": (
        Pyramid(octaves=2, ratios=(1.0, 2.0, 0.5), ratios_first=True),
        _TENSORFLOW,
    ),
    "retinanet": (Pyramid(ratios=(2.0, 1.0, 0.5), ratios_first=True), _FIZYR),
    "retinanet-keras": (Pyramid(ratios=(0.5, 1.0, 2.0), ratios_first=True), _CAFFE),
    "retinanet-torchvision": (
        Pyramid(ratios=(2.0, 1.0, 0.5), ratios_first=True, offset=0.0, whole_pixels=True),
        _TORCHVISION,
    ),
    "efficientdet": (Pyramid(ratios=(1.0, 2.0, 0.5)), _EFFICIENTDET),
}
"""Anchors of published models, by the name that ``--anchors`` takes."""

_FAMILIES = {"retinanet": "retinanet", "efficientdet": "efficientdet"}
_DEFAULT_CODING = {"ssd": _CAFFE, "retinanet": _FIZYR, "efficientdet": _EFFICIENTDET}


def resolve_anchors(options: DecodeOptions, size: Size, boxes: int | None = None) -> Anchors:
    """Return the anchors that the options name, or the family's.

    ``size``: height and width of the model's input. ``boxes``: how many boxes the model has, for
    the error if nothing says which anchors those are. Raise ``SourceError``.
    """
    asked = options.anchors or _FAMILIES.get(options.family)
    if asked is None:
        raise SourceError(_missing(size, boxes))
    coding = _DEFAULT_CODING[options.family]
    if asked in PRESETS:
        preset, coding = PRESETS[asked]
        values = preset.boxes(size)
    elif asked.lstrip().startswith("{"):
        asked, values = "--anchors", _generated(asked, size)
    elif Path(asked).is_file():
        asked, values = _from_file(Path(asked), options, size)
    else:
        raise SourceError(
            f"--anchors {asked} is neither a file nor one of {', '.join(PRESETS)}"
            f"{did_you_mean(asked, PRESETS)}"
        )
    return Anchors(asked, values, _with_options(coding, options))


def presets_with(boxes: int, size: Size) -> list[str]:
    """Return the presets that have so many anchors in an input of ``size``."""
    return [name for name, (preset, _) in PRESETS.items() if len(preset.boxes(size)) == boxes]


def _missing(size: Size, boxes: int | None) -> str:
    fitting = presets_with(boxes, size) if boxes is not None else []
    hint = f"; with {boxes} boxes at this size, it could be {' or '.join(fitting)}"
    return (
        "the offsets need their anchors: add --anchors with a file (.npy, .json, .csv, .txt), a "
        f"JSON object, or one of {', '.join(PRESETS)}{hint if fitting else ''}"
    )


def _from_file(path: Path, options: DecodeOptions, size: Size) -> tuple[str, np.ndarray]:
    """Return what to call the anchors, and the boxes."""
    content = anchor_file.read(path)
    if isinstance(content, dict):
        return str(path), _generated(json.dumps(content), size)
    order = options.anchor_order or "cxcywh"
    return f"{path} ({order})", anchor_file.standard(content, order, size)


def _generated(text: str, size: Size) -> np.ndarray:
    """Return the anchors that a JSON object describes: with ``sizes`` or ``scales``, or levels."""
    try:
        fields: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise SourceError(f"--anchors is not JSON: {error}") from None
    kind: type[Grids | Pyramid] = Grids if "sizes" in fields else Pyramid
    try:
        return kind.parse(fields).boxes(size)
    except (TypeError, ValueError, IndexError) as error:
        raise SourceError(f"--anchors does not describe anchors: {error}") from None


def _with_options(coding: Coding, options: DecodeOptions) -> Coding:
    if options.offset_order is not None:
        coding = replace(coding, order=options.offset_order)
    if options.variances is not None:
        coding = replace(coding, variances=options.variances)
    return coding
