"""Feature pyramids: RetinaNet, EfficientDet and TensorFlow's SSD with FPN.

Each level has anchors that are a multiple of its stride, at several scales within an octave and
several ratios.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.detectors.decoder import Size
from export.detectors.grid import tile


@dataclass(frozen=True)
class Pyramid:
    """Anchors given by levels.

    ``levels``: the first and the last; level ``l`` has the stride ``2 ** l``. ``scale``: the side
    of the smallest square, in strides. ``octaves``: how many scales an octave is divided into.
    ``ratios``: width by height. ``ratios_first``: the anchors of a cell are sorted by ratio and
    then by scale, otherwise by scale and then by ratio. ``offset``: of the first center, in
    strides. ``whole_pixels``: distances of centers, sides of squares and halves of sides are whole
    pixels.
    """

    levels: tuple[int, int] = (3, 7)
    scale: float = 4.0
    octaves: int = 3
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    ratios_first: bool = False
    offset: float = 0.5
    whole_pixels: bool = False

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Pyramid:
        """Read the fields of a JSON object. Raise ``TypeError`` or ``ValueError``."""
        fields = {name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()}
        pyramid = cls(**fields)
        first, last = pyramid.levels
        if not 0 <= first <= last <= 12 or pyramid.octaves < 1 or not min(pyramid.ratios) > 0:
            raise ValueError("levels are [first, last] in 0..12; octaves and ratios are positive")
        return pyramid

    def boxes(self, size: Size) -> np.ndarray:
        """Return float32 ``[A, 4]``: center y, center x, height, width in 0..1.

        ``size``: height and width of the model's input in pixels.
        """
        first, last = self.levels
        levels = [self._level(2**level, size) for level in range(first, last + 1)]
        return np.concatenate(levels).astype(np.float32)

    def _level(self, stride: int, size: Size) -> np.ndarray:
        height, width = size
        rows, columns = -(-height // stride), -(-width // stride)
        down, across = float(stride), float(stride)
        if self.whole_pixels:  # the last cell of a size that is no multiple is not cut off
            down, across = height // rows, width // columns
        shapes = [(w / width, h / height) for w, h in self._shapes(stride)]
        return tile((rows, columns), (down / height, across / width), self.offset, shapes)

    def _shapes(self, stride: int) -> list[tuple[float, float]]:
        """Return width and height of the anchors of a cell, in pixels."""
        sides = [stride * self.scale * 2 ** (step / self.octaves) for step in range(self.octaves)]
        if self.whole_pixels:
            sides = [float(int(side)) for side in sides]
        if self.ratios_first:
            pairs = [(side, ratio) for ratio in self.ratios for side in sides]
        else:
            pairs = [(side, ratio) for side in sides for ratio in self.ratios]
        shapes = [(s * float(np.sqrt(r)), s / float(np.sqrt(r))) for s, r in pairs]
        if self.whole_pixels:
            shapes = [(2 * round(w / 2), 2 * round(h / 2)) for w, h in shapes]
        return shapes
