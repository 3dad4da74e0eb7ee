"""The task of a detector that is decoded in the exported graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.contract import BOXES, CORNERS, MASKS, Outputs, Tensor
from export.detectors.anchor_free import anchor_free
from export.detectors.anchored import anchored
from export.detectors.centernet import centernet
from export.detectors.decoder import Decoder, Size
from export.detectors.end_to_end import end_to_end
from export.detectors.nms import Limits, strongest, suppress
from export.detectors.options import DecodeOptions
from export.detectors.ultralytics import ultralytics
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.boxmasks import MAX_CELLS
from export.tasks.task import PlainTask, Probe

DECODERS: Mapping[str, Callable[[Probe, DecodeOptions, Size], Decoder]] = {
    "yolo": ultralytics,
    "yolov5": ultralytics,
    "yolov8": ultralytics,
    "yolo-obb": ultralytics,
    "ssd": anchored,
    "retinanet": anchored,
    "efficientdet": anchored,
    "centernet": centernet,
    "anchor-free": anchor_free,
    "end-to-end": end_to_end,
}
"""What decodes each of ``options.FAMILIES``."""

_CELLS = ("centernet", "anchor-free")
_WIDEST_TABLE = 7


@dataclass(frozen=True)
class DecodedDetection(PlainTask):
    """A detector that is decoded. ``limits``: which boxes are kept."""

    decoder: Decoder
    limits: Limits
    first_class: int = 0

    name: str = "detection"

    @property
    def classes(self) -> int | None:
        return self.decoder.classes

    @property
    def notes(self) -> tuple[str, ...]:
        return self.decoder.notes

    def reads(self) -> Collection[str]:
        return self.decoder.reads()

    @property
    def details(self) -> Mapping[str, Any]:
        return {"masks": True} if self.decoder.masks else {}

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        candidates = self.decoder(outputs, size)
        keep = strongest if self.decoder.suppressed else suppress
        kept = keep(candidates, self.limits)
        found = kept.outputs()
        if candidates.corners is not None:
            return {**found, CORNERS: kept.corners(candidates)}
        if candidates.prototypes is None:
            return found
        prototypes = candidates.prototypes.of(kept.rows_of(candidates))
        return {**found, MASKS: prototypes.masks(found[BOXES], kept.counts)}


def decoded(probe: Probe, options: DecodeOptions, size: Size, images: int) -> DecodedDetection:
    """Return the task for these outputs, which are those of so many images.

    ``size``: height and width of the model's input. Raise ``SourceError`` if they do not fit the
    family.
    """
    if options.units == "cells" and options.family not in _CELLS:
        raise SourceError(f"--box-units cells is only for --decode {' and '.join(_CELLS)}")
    _check_numbers(probe)
    decoder = DECODERS[options.family](probe, options, size)
    mixed = [name for name in decoder.reads() if _is_shared(probe[name], images)]
    if mixed and images > 1:
        raise SourceError(
            f"{listed(mixed)} has the boxes of all images in one table; add --batch 1, so that the "
            "model gets one image per call"
        )
    if decoder.masks and options.max_boxes * options.mask_size**2 > MAX_CELLS:
        raise SourceError(
            f"{options.max_boxes} masks of {options.mask_size}x{options.mask_size} are more than "
            f"{MAX_CELLS} values an image; lower --max-boxes or --mask-size"
        )
    limits = Limits(options.max_overlap, options.min_score, options.max_boxes, options.agnostic)
    first = 0 if decoder.classes is not None else options.first_class or 0
    return DecodedDetection(decoder, limits, first)


def _check_numbers(probe: Probe) -> None:
    broken = [name for name, v in probe.items() if v.dtype.kind == "f" and np.isnan(v).any()]
    if broken:
        raise SourceError(
            f"{listed(sorted(broken))} is not a number (NaN) for some images, so it cannot be "
            "decoded: check how pixels are scaled, and the model's weights"
        )


def _is_shared(value: np.ndarray, images: int) -> bool:
    """Return whether the rows of all images are in one table, such as ``[M, 7]``.

    A flat head, ``[N, A * 4]``, has more columns than a table.
    """
    return len(value) != images or (value.ndim < 3 and value.shape[-1] <= _WIDEST_TABLE)
