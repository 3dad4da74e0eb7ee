"""Heads: the outputs that hold offsets or distances, and those that hold scores.

There can be one of each (``[N, A, 4]`` and ``[N, A, C]``), one for both (``[N, A, 4 + C]``), or one
of each for every feature map (``[N, h, w, a * 4]`` or ``[N, h, w, a, 4]``). If the number of
anchors is known, both may be flat: ``[N, A * 4]`` and ``[N, A * C]``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.task import Probe

_BOXES = re.compile(r"box|loc|reg|offset|delta|coord|dist|ltrb", re.IGNORECASE)
_SCORES = re.compile(r"cls|class|conf|score|prob|logit|label", re.IGNORECASE)


@dataclass(frozen=True)
class Heads:
    """``boxes``, ``scores``: the source's names, the largest feature map first.

    ``columns``: the scores of each box. ``count``: the boxes of an image. ``boxes_at``,
    ``scores_at``: the first column of each in an output that holds both.
    """

    boxes: tuple[str, ...]
    scores: tuple[str, ...]
    columns: int
    count: int
    boxes_at: int = 0
    scores_at: int = 4

    def names(self) -> Collection[str]:
        return dict.fromkeys((*self.boxes, *self.scores))

    def flat(self, outputs: Outputs) -> tuple[Tensor, Tensor]:
        """Return ``[N, A, 4]`` and scores ``[N, A, columns]``, float32."""
        if self.boxes == self.scores:
            [name] = self.boxes
            rows, end = tf.cast(outputs[name], tf.float32), self.scores_at + self.columns
            return rows[..., self.boxes_at : self.boxes_at + 4], rows[..., self.scores_at : end]
        boxes = self._joined([outputs[name] for name in self.boxes], 4)
        return boxes, self._joined([outputs[name] for name in self.scores], self.columns)

    def _joined(self, maps: Sequence[Tensor], columns: int) -> Tensor:
        rows = [tf.reshape(one, [tf.shape(one)[0], -1, columns]) for one in maps]
        return tf.ensure_shape(
            tf.cast(tf.concat(rows, axis=1), tf.float32), [None, self.count, columns]
        )


def find_heads(probe: Probe, anchors: int | None = None) -> Heads:
    """Return the heads among the outputs, by their names, otherwise by their shapes.

    ``anchors``: how many boxes there are, if known. Raise ``SourceError``.
    """
    ranks = (3, 4, 5) if anchors is None else (2, 3, 4, 5)
    maps = {name: v for name, v in probe.items() if v.ndim in ranks and v.dtype.kind == "f"}
    if len(maps) == 1:
        [(name, value)] = maps.items()
        if value.ndim == 3 and value.shape[2] > 4:
            return Heads((name,), (name,), value.shape[2] - 4, value.shape[1])
    for boxes in (_by_name(maps), _by_last(maps), *_by_size(maps)):
        heads = _heads(maps, boxes, anchors)
        if heads is not None:
            return heads
    raise _unrecognized(probe)


def _heads(maps: Probe, names: Collection[str], anchors: int | None) -> Heads | None:
    """Return the heads if ``names`` can be those of the boxes."""
    boxes = sorted(names, key=lambda name: -_cells(maps[name]))
    scores = sorted(set(maps) - set(names), key=lambda name: (-_cells(maps[name]), name))
    if not boxes or len(boxes) != len(scores):
        return None
    counts = [maps[name][0].size / 4 for name in boxes]
    columns = {maps[name][0].size / count for name, count in zip(scores, counts, strict=True)}
    count = sum(counts)
    if len(columns) != 1 or (anchors is not None and count != anchors):
        return None
    [width] = columns
    if width != int(width) or count != int(count):
        return None
    return Heads(tuple(boxes), tuple(scores), int(width), int(count))


def _by_name(maps: Probe) -> list[str]:
    return [name for name in maps if _BOXES.search(name) and not _SCORES.search(name)]


def _by_last(maps: Probe) -> list[str]:
    return [name for name, value in maps.items() if value.shape[-1] == 4]


def _by_size(maps: Probe) -> list[list[str]]:
    """Return both ways to choose from each pair of outputs of one feature map."""
    levels: dict[int, list[str]] = {}
    for name, value in maps.items():
        levels.setdefault(_cells(value), []).append(name)
    if any(len(names) != 2 for names in levels.values()):
        return []
    pairs = [sorted(names, key=lambda name: maps[name].size) for names in levels.values()]
    return [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]


def _cells(value: np.ndarray) -> int:
    return int(np.prod(value.shape[1:3])) if value.ndim > 3 else int(value.shape[1])


def _unrecognized(probe: Probe) -> SourceError:
    shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
    return SourceError(
        "which outputs are boxes and which are scores cannot be recognized; name them with "
        "--outputs boxes=TENSOR,scores=TENSOR, or boxes1=,scores1=,boxes2=... for each feature "
        f"map; the model's outputs: {listed(shapes)}"
    )
