"""Detectors without anchors: each cell of a feature map predicts the distances to a box's sides.

FCOS and its relatives, and the demo model. A third output of one column, the centerness, lowers
the scores of cells far from the center of a box.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.detectors.decoder import Candidates, Size
from export.detectors.heads import Heads, find_heads
from export.detectors.options import DecodeOptions
from export.detectors.scores import Scores, recognize_scores
from export.errors import SourceError
from export.tasks.activation import activate
from export.tasks.task import Probe

_CENTERNESS = re.compile(r"center|centre|ctr", re.IGNORECASE)


@dataclass(frozen=True)
class AnchorFree:
    """The decoder.

    ``centerness``: the source's names, as many as there are feature maps, or none. ``x_first``:
    distances are left, top, right, bottom, otherwise top, left, bottom, right. ``units``: of the
    distances; ``cells``, ``pixels`` or ``normalized``.
    """

    heads: Heads
    centerness: tuple[str, ...]
    scores: Scores
    x_first: bool
    units: str
    suppressed: bool = False
    masks: bool = False

    @property
    def classes(self) -> int:
        return self.scores.classes

    @property
    def notes(self) -> tuple[str, ...]:
        order = "left, top, right, bottom" if self.x_first else "top, left, bottom, right"
        note = f"distances are {order} in {self.units} (override: --box-order, --box-units)"
        return (note, *self.scores.notes)

    def reads(self) -> Collection[str]:
        return [*self.heads.names(), *self.centerness]

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        levels = [self._boxes(outputs[name], size) for name in self.heads.boxes]
        _, values = self.heads.flat(outputs)
        scores = self.scores(values)
        if self.centerness:
            maps = [outputs[name] for name in self.centerness]
            rows = [tf.reshape(one, [tf.shape(one)[0], -1, 1]) for one in maps]
            scores *= activate(tf.concat(rows, axis=1), self.scores.activation, False)
            scores = tf.sqrt(scores)
        return Candidates(tf.concat(levels, axis=1), scores)

    def _boxes(self, distances: Tensor, size: Tensor) -> Tensor:
        """Convert distances ``[N, h, w, 4]`` to boxes ``[N, h * w, 4]``."""
        distances = tf.cast(distances, tf.float32)
        if self.x_first:
            distances = tf.gather(distances, [1, 0, 3, 2], axis=-1)
        grid = tf.cast(tf.shape(distances)[1:3], tf.float32)
        wholes = {"cells": grid, "pixels": tf.cast(size, tf.float32), "normalized": 1.0}
        center = self._centers(tf.shape(distances)[1:3]) / grid
        low = center - distances[..., :2] / wholes[self.units]
        high = center + distances[..., 2:] / wholes[self.units]
        return tf.reshape(tf.concat([low, high], axis=-1), [tf.shape(distances)[0], -1, 4])

    @staticmethod
    def _centers(cells: Tensor) -> Tensor:
        """Return the center of each cell, float32 ``[h, w, 2]``, y and x in cells."""
        lines = [tf.cast(tf.range(cells[axis]), tf.float32) + 0.5 for axis in (0, 1)]
        return tf.stack(tf.meshgrid(*lines, indexing="ij"), axis=-1)


def anchor_free(probe: Probe, options: DecodeOptions, size: Size) -> AnchorFree:
    """Return the decoder for these outputs. Raise ``SourceError`` if they have no distances."""
    centerness = {
        name: value
        for name, value in probe.items()
        if value.ndim == 4 and value.shape[-1] == 1 and _CENTERNESS.search(name)
    }
    heads = find_heads({name: v for name, v in probe.items() if name not in centerness})
    if any(probe[name].ndim != 4 or probe[name].shape[-1] != 4 for name in heads.boxes):
        raise SourceError("--decode anchor-free needs distances [N,h,w,4] for each feature map")
    if len(centerness) not in (0, len(heads.boxes)):
        raise SourceError("there must be one centerness for each feature map, or none")
    _, values = heads.flat({name: tf.constant(value) for name, value in probe.items()})
    scores = recognize_scores(heads.scores[0], values.numpy(), options)
    ordered = sorted(centerness, key=lambda name: -centerness[name].size)
    x_first = (options.order or "xyxy") == "xyxy"
    return AnchorFree(heads, tuple(ordered), scores, x_first, options.units or "pixels")
