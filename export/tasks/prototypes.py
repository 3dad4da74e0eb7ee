"""Masks made of prototypes: maps of the image, and how much of each is in a box's mask."""

from __future__ import annotations

from dataclasses import dataclass, replace

import tensorflow as tf

from export.contract import Tensor
from export.tasks.boxmasks import sampled
from export.tasks.task import Probe

COUNT = 32
"""How many prototypes a YOLO has."""
_PARALLEL = 2
"""The number of images whose masks are made at the same time, which bounds the memory."""


@dataclass(frozen=True)
class Prototypes:
    """What masks are made of.

    ``maps``: float32 ``[N, h, w, P]``, which cover the model's input. ``weights``: float32
    ``[N, A, P]``, those of each box. ``size``: the side of a mask, in cells.
    """

    maps: Tensor
    weights: Tensor
    size: int

    def of(self, rows: Tensor) -> Prototypes:
        """Return those of some boxes, given by their numbers ``[N, M]``."""
        return replace(self, weights=tf.gather(self.weights, rows, batch_dims=1))

    def masks(self, boxes: Tensor, counts: Tensor) -> Tensor:
        """Return the masks ``[N, M, size, size]``, in 0..1, of as many boxes as there are weights.

        ``boxes``: ``[N, M, 4]``, within 0..1. ``counts``: int32 ``[N]``, how many of them are
        valid; the masks of the others are zero.
        """
        shape = tf.TensorSpec([boxes.shape[1], self.size, self.size], tf.float32)
        return tf.map_fn(
            lambda image: self._image(*image),
            (self.maps, self.weights, boxes, counts),
            fn_output_signature=shape,
            parallel_iterations=_PARALLEL,
        )

    def _image(self, maps: Tensor, weights: Tensor, boxes: Tensor, count: Tensor) -> Tensor:
        cells = sampled(maps[None], boxes[None, :count], self.size)[0]
        logits = tf.einsum("mhwp,mp->mhw", cells, weights[:count])
        rest = tf.shape(boxes)[0] - count
        masks = tf.pad(tf.sigmoid(logits), [[0, rest], [0, 0], [0, 0]])
        return tf.ensure_shape(masks, [boxes.shape[0], self.size, self.size])


@dataclass(frozen=True)
class PrototypeOutput:
    """The source's output with the prototypes. ``by_channel``: it is ``[N, P, h, w]``."""

    name: str
    by_channel: bool

    def read(self, value: Tensor) -> Tensor:
        """Return its maps: float32 ``[N, h, w, P]``."""
        maps = tf.cast(value, tf.float32)
        return tf.transpose(maps, [0, 2, 3, 1]) if self.by_channel else maps


def prototypes_among(probe: Probe, count: int = COUNT) -> PrototypeOutput | None:
    """Return the output ``[N, h, w, count]`` or ``[N, count, h, w]``, if there is one."""
    for name, value in probe.items():
        if value.ndim == 4 and count in (value.shape[1], value.shape[3]):
            return PrototypeOutput(name, value.shape[3] != count)
    return None
