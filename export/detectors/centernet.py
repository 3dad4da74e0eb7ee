"""CenterNet: objects as points.

A heat map ``[N, h, w, C]`` of centers, the boxes' sizes ``[N, h, w, 2]``, and the offset
``[N, h, w, 2]`` of each center within its cell. A center is a cell that none of its eight
neighbors exceeds, so no further suppression is needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.detectors.decoder import Candidates, Size
from export.detectors.options import DecodeOptions
from export.detectors.scores import Scores, recognize_scores
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.task import Probe

_SIZES = re.compile(r"size|wh|hw|scale|dim", re.IGNORECASE)
_OFFSETS = re.compile(r"off|reg", re.IGNORECASE)


@dataclass(frozen=True)
class CenterNet:
    """The decoder.

    ``heat``, ``sizes``, ``offsets``: the source's names; ``offsets`` is None if it has none.
    ``x_first``: sizes are width, height, and offsets x, y. ``units``: of the sizes; ``cells`` of
    the heat map, ``pixels`` or ``normalized``. ``most``: how many centers are considered.
    """

    heat: str
    sizes: str
    offsets: str | None
    scores: Scores
    x_first: bool
    units: str
    most: int
    notes: tuple[str, ...] = ()
    suppressed: bool = True
    masks: bool = False

    @property
    def classes(self) -> int:
        return self.scores.classes

    def reads(self) -> Collection[str]:
        return [name for name in (self.heat, self.sizes, self.offsets) if name is not None]

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        heat = self.scores(outputs[self.heat])
        grid = tf.cast(tf.shape(heat)[1:3], tf.float32)
        scores, cells, classes = self._peaks(heat)
        columns = tf.shape(heat)[2]
        corner = tf.stack([cells // columns, cells % columns], axis=-1)
        center = (tf.cast(corner, tf.float32) + self._offsets(outputs, cells)) / grid
        half = self._at(outputs[self.sizes], cells) / self._whole(grid, size) / 2.0
        return Candidates(tf.concat([center - half, center + half], axis=-1), scores, classes)

    def _peaks(self, heat: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return score, cell and class of the best peaks, each ``[N, K]``."""
        highest = tf.nn.max_pool2d(heat, 3, 1, "SAME")
        peaks = tf.where(heat >= highest, heat, 0.0)
        peaks = tf.reshape(peaks, [tf.shape(heat)[0], -1])
        count = tf.minimum(self.most, tf.shape(peaks)[1])
        scores, order = tf.math.top_k(peaks, count)
        return scores, order // self.classes, tf.cast(order % self.classes, tf.float32)

    def _offsets(self, outputs: Outputs, cells: Tensor) -> Tensor:
        return 0.5 if self.offsets is None else self._at(outputs[self.offsets], cells)

    def _at(self, values: Tensor, cells: Tensor) -> Tensor:
        """Return values ``[N, h, w, 2]`` of cells ``[N, K]``, y first: float32 ``[N, K, 2]``."""
        values = tf.reshape(tf.cast(values, tf.float32), [tf.shape(values)[0], -1, 2])
        values = tf.gather(values, cells, batch_dims=1)
        return values[..., ::-1] if self.x_first else values

    def _whole(self, grid: Tensor, size: Tensor) -> Tensor:
        """Return the height and width of the model's input in the units of the sizes."""
        wholes = {"cells": grid, "pixels": tf.cast(size, tf.float32), "normalized": 1.0}
        return wholes[self.units]


def centernet(probe: Probe, options: DecodeOptions, size: Size) -> CenterNet:
    """Return the decoder for these outputs. Raise ``SourceError`` if they are not a CenterNet's."""
    maps = {name: value for name, value in probe.items() if value.ndim == 4}
    pairs = {name: value for name, value in maps.items() if value.shape[-1] == 2}
    sizes = _named(_SIZES, pairs)
    offsets = _named(_OFFSETS, pairs)
    heat = [name for name in maps if name not in (sizes, offsets)]
    if sizes is None or len(heat) != 1 or len({value.shape[1:3] for value in maps.values()}) != 1:
        raise _unrecognized(probe)
    scores = recognize_scores(heat[0], probe[heat[0]], options)
    order, units = options.order or "xyxy", options.units or "cells"
    notes = (
        f"centers {heat[0]}, sizes {sizes} in {units}, offsets {offsets or 'none'}; "
        f"{'y' if order == 'yxyx' else 'x'} comes first (override this with --box-order)",
        *scores.notes,
    )
    x_first = order != "yxyx"
    return CenterNet(heat[0], sizes, offsets, scores, x_first, units, options.max_boxes, notes)


def _named(pattern: re.Pattern[str], maps: Collection[str]) -> str | None:
    fitting = [name for name in maps if pattern.search(name)]
    return fitting[0] if len(fitting) == 1 else None


def _unrecognized(probe: Probe) -> SourceError:
    shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
    return SourceError(
        "--decode centernet needs a heat map [N,h,w,C] and sizes [N,h,w,2], and takes offsets "
        "[N,h,w,2]; name them with --outputs scores=TENSOR,sizes=TENSOR,offsets=TENSOR; the "
        f"model's outputs: {listed(shapes)}"
    )
