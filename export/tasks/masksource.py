"""Where the masks of a detector's boxes come from, and how they become grids that fill a box."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import prod

import tensorflow as tf

from export.contract import BOXES, COUNT, MASK_WEIGHTS, MASKS, Outputs, Tensor
from export.errors import SourceError
from export.tasks.boxmasks import MAX_CELLS, of_image_masks
from export.tasks.prototypes import PrototypeOutput, Prototypes, prototypes_among
from export.tasks.suppression import picked
from export.tasks.task import Probe, TaskOptions

_SERVED = (tf.float32, tf.float16, tf.uint8, tf.bool)


@dataclass(frozen=True)
class MaskSource:
    """The masks of a source.

    ``output``: the source's name for a mask for each box, ``[N, A, h, w]``, or for the weights
    ``[N, A, P]`` of ``prototypes``. ``size``: the side of the masks that are made of those or,
    with ``of_image``, of masks that cover the image, not their box; in cells. ``sent``: whether
    clients get them.
    """

    output: str
    prototypes: PrototypeOutput | None = None
    of_image: bool = False
    size: int = 0
    sent: bool = True

    def names(self) -> Collection[str]:
        """Return the names of the outputs that masks are made of."""
        return (self.output,) if self.prototypes is None else (self.output, self.prototypes.name)

    def __call__(self, outputs: Outputs, found: Outputs, rows: Tensor | None) -> Outputs:
        """Return the masks of the boxes ``found``; boxes are cut off at the image's edges if that
        is how far their masks reach.

        ``rows``: ``[N, M]``, which of the source's boxes each is; None: they are the same.
        """
        values = outputs[self.output]
        if rows is not None:
            values = picked(values, rows)
        if not self.of_image and self.prototypes is None:
            return {MASKS: _valid(_served(values), found, rows)}
        boxes = tf.clip_by_value(found[BOXES], 0.0, 1.0)
        if self.prototypes is None:
            masks = of_image_masks(values, boxes, self.size)
            return {BOXES: boxes, MASKS: _valid(masks, found, rows)}
        maps = self.prototypes.read(outputs[self.prototypes.name])
        prototypes = Prototypes(maps, tf.cast(values, tf.float32), self.size)
        counts = tf.cast(found[COUNT], tf.int32)
        return {BOXES: boxes, MASKS: prototypes.masks(boxes, counts)}


def _served(masks: Tensor) -> Tensor:
    """Return masks in a type that they can be served in."""
    if masks.dtype in _SERVED:
        return masks
    return tf.cast(masks, tf.float32) if masks.dtype.is_floating else tf.not_equal(masks, 0)


def _valid(masks: Tensor, found: Outputs, rows: Tensor | None) -> Tensor:
    """Return masks ``[N, M, ...]`` without those of rows beyond the number of boxes."""
    if rows is None:
        return masks
    valid = tf.sequence_mask(tf.cast(found[COUNT], tf.int32), tf.shape(masks)[1])
    for _ in masks.shape[2:]:
        valid = valid[..., None]
    return tf.where(valid, masks, tf.zeros_like(masks))


def masks_among(
    probe: Probe, own: str | None, boxes: int, options: TaskOptions
) -> tuple[MaskSource | None, tuple[str, ...]]:
    """Return where masks come from, if there are any, and notes about it.

    ``own``: the output with a mask for each of so many ``boxes``. Raise ``SourceError`` if masks
    that are asked for are missing.
    """
    most = options.max_boxes if options.suppress else boxes
    if own is None and MASK_WEIGHTS in probe and options.masks == "box":
        return _of_prototypes(probe, boxes, most, options)
    if options.masks == "image" and (own is None or probe[own].ndim != 4):
        raise SourceError(f"--masks image needs {MASKS} [N,K,H,W]; name them with --outputs")
    if own is None or (options.masks == "image" and not options.mask_size):
        return None, ()
    shape = probe[own].shape
    of_image = options.masks == "image"
    cells = most * (options.mask_size**2 if of_image else prod(shape[2:]))
    if len(shape) == 4 and cells <= MAX_CELLS:
        return MaskSource(own, None, of_image, options.mask_size), ()
    note = (
        f"{own} {list(shape[1:])} are not {MAX_CELLS} values an image at most, [K,h,w], so clients "
        "get boxes alone; if they cover the image, add --masks image"
    )
    return MaskSource(own, None, of_image, options.mask_size, sent=False), (note,)


def _of_prototypes(
    probe: Probe, boxes: int, most: int, options: TaskOptions
) -> tuple[MaskSource | None, tuple[str, ...]]:
    weights, size = probe[MASK_WEIGHTS], options.mask_size
    if weights.ndim != 3 or weights.shape[1] != boxes:
        raise SourceError(
            f"{MASK_WEIGHTS} {list(weights.shape)} must be [N,K,P] with a row for each box, of "
            f"which there are {boxes}"
        )
    prototypes = prototypes_among(probe, weights.shape[2])
    if prototypes is None:
        raise SourceError(
            f"{MASK_WEIGHTS} {list(weights.shape)} need an output with as many prototypes, "
            f"[N,h,w,{weights.shape[2]}]; add it to --outputs"
        )
    if not size:
        return None, ()
    if most * size**2 > MAX_CELLS:
        raise SourceError(
            f"{most} masks of {size}x{size} are more than {MAX_CELLS} values an image; lower "
            f"{'--max-boxes or ' if options.suppress else ''}--mask-size"
        )
    note = f"{MASK_WEIGHTS} and {prototypes.name} become masks, which are served in {size}x{size}"
    return MaskSource(MASK_WEIGHTS, prototypes, size=size), (note,)
