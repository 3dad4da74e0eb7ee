"""SSD: default boxes of several sizes and ratios around the cells of each feature map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Any

import numpy as np

from export.detectors.decoder import Size
from export.detectors.grid import tile

Shape = tuple[float, float]
"""Width and height."""


@dataclass(frozen=True)
class Grids:
    """Anchors given by feature map.

    ``image``: height and width for which ``sizes`` and ``steps`` are meant, in any unit.
    ``maps``: rows and columns of each feature map. ``sizes``: of each map, the side of its square
    and the next larger side; a further square lies halfway between them (their geometric mean).
    ``ratios``: of each map, width by height of its further boxes. ``steps``: the distance of
    centers; None to spread them evenly. ``offset``: of the first center, in steps. ``clip``: cut
    anchors off at the edges of the image. ``shapes``: instead of sizes and ratios, all shapes of
    each map.
    """

    image: tuple[float, float]
    maps: tuple[tuple[int, int], ...]
    sizes: tuple[tuple[float, ...], ...] = ()
    ratios: tuple[tuple[float, ...], ...] = ()
    steps: tuple[float, ...] | None = None
    offset: float = 0.5
    clip: bool = False
    shapes: tuple[tuple[Shape, ...], ...] = ()

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Grids:
        """Read the fields of a JSON object. Raise ``TypeError`` or ``ValueError``."""
        fields = dict(fields)
        fields["image"] = _pair(fields.get("image"), "image")
        fields["maps"] = tuple(_pair(one, "maps") for one in fields.get("maps", ()))
        for name in ("sizes", "ratios"):
            fields[name] = tuple(tuple(map(float, one)) for one in fields.get(name, ()))
        if fields.get("steps") is not None:
            fields["steps"] = tuple(map(float, fields["steps"]))
        grids = cls(**fields)
        grids._check()
        return grids

    def boxes(self, size: Size) -> np.ndarray:
        """Return float32 ``[A, 4]``: center y, center x, height, width in 0..1.

        They do not depend on ``size``, because maps are given by their cells.
        """
        levels = [self._level(at) for at in range(len(self.maps))]
        boxes = np.concatenate(levels).astype(np.float32)
        return _clipped(boxes) if self.clip else boxes

    def _level(self, at: int) -> np.ndarray:
        height, width = self.image
        rows, columns = self.maps[at]
        step = self.steps[at] if self.steps else None
        distances = (step / height, step / width) if step else (1 / rows, 1 / columns)
        shapes = [(w / width, h / height) for w, h in self._shapes(at)]
        return tile((rows, columns), distances, self.offset, shapes)

    def _shapes(self, at: int) -> list[Shape]:
        if self.shapes:
            return list(self.shapes[at])
        side, *larger = self.sizes[at]
        squares = [side, *(float(np.sqrt(side * one)) for one in larger)]
        roots = [float(np.sqrt(ratio)) for ratio in self.ratios[at]]
        return [*((one, one) for one in squares), *((side * root, side / root) for root in roots)]

    def _check(self) -> None:
        counts = {len(self.maps), len(self.sizes), len(self.ratios)}
        if self.steps is not None:
            counts.add(len(self.steps))
        if len(counts) != 1 or not self.maps:
            raise ValueError(
                "maps, sizes, ratios and steps must have an entry for each feature map"
            )


def _pair(value: Any, name: str) -> tuple[Any, Any]:
    """Return height and width, given as one number or as two."""
    pair = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    if len(pair) != 2 or not all(isinstance(one, (int, float)) and one > 0 for one in pair):
        raise ValueError(f"{name} must be positive numbers, or [height, width]")
    return pair


def _clipped(boxes: np.ndarray) -> np.ndarray:
    low = np.clip(boxes[:, :2] - boxes[:, 2:] / 2, 0, 1)
    high = np.clip(boxes[:, :2] + boxes[:, 2:] / 2, 0, 1)
    return np.concatenate([(low + high) / 2, high - low], axis=-1)


def _vgg(image: int, sides: list[float], maps: list[int], steps: list[int], last: int) -> Grids:
    """Return the anchors of SSD on VGG. ``last``: of how many maps the last have few ratios."""
    few, many = (2.0, 0.5), (2.0, 0.5, 3.0, 1 / 3)
    ratios = [few, *([many] * (len(maps) - 1 - last)), *([few] * last)]
    return Grids(
        image=(image, image),
        maps=tuple((one, one) for one in maps),
        sizes=tuple(pairwise(sides)),
        ratios=tuple(ratios),
        steps=tuple(map(float, steps)),
    )


_MAPS_300, _STEPS_300 = [38, 19, 10, 5, 3, 1], [8, 16, 32, 64, 100, 300]
_MAPS_512, _STEPS_512 = [64, 32, 16, 8, 4, 2, 1], [8, 16, 32, 64, 128, 256, 512]
_VOC_512 = [35.84, 76.8, 153.6, 230.4, 307.2, 384.0, 460.8, 537.6]
_COCO_512 = [20.48, 51.2, 133.12, 215.04, 296.96, 378.88, 460.8, 542.72]

SSD300 = _vgg(300, [30, 60, 111, 162, 213, 264, 315], _MAPS_300, _STEPS_300, 2)
SSD300_COCO = _vgg(300, [21, 45, 99, 153, 207, 261, 315], _MAPS_300, _STEPS_300, 2)
SSD512 = _vgg(512, _VOC_512, _MAPS_512, _STEPS_512, 2)
SSD512_COCO = _vgg(512, _COCO_512, _MAPS_512, _STEPS_512, 2)


@dataclass(frozen=True)
class Mobile:
    """Anchors of TensorFlow's SSD on MobileNet: scales at equal distances, for inputs of any size.

    The first of the ``maps`` has a stride of 16, and each further one half as many cells.
    """

    maps: int = 6
    smallest: float = 0.2
    largest: float = 0.95

    def boxes(self, size: Size) -> np.ndarray:
        """Return float32 ``[A, 4]``: center y, center x, height, width in 0..1."""
        cells = [(ceil(size[0] / _STRIDE), ceil(size[1] / _STRIDE))]
        while len(cells) < self.maps:
            cells.append((ceil(cells[-1][0] / 2), ceil(cells[-1][1] / 2)))
        # Shapes are shares of the shorter side.
        image = size[0] / min(size), size[1] / min(size)
        return Grids(image, tuple(cells), shapes=tuple(self._shapes())).boxes(size)

    def _shapes(self) -> Iterator[tuple[Shape, ...]]:
        """Yield the shapes of each map."""
        scales = [*np.linspace(self.smallest, self.largest, self.maps).tolist(), 1.0]
        for number, (scale, following) in enumerate(pairwise(scales)):
            pairs = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]  # the lowest map has three anchors
            if number:
                pairs = [(scale, ratio) for ratio in (1.0, 2.0, 0.5, 3.0, 1 / 3)]
                pairs.append((float(np.sqrt(scale * following)), 1.0))
            yield tuple((s * np.sqrt(r), s / np.sqrt(r)) for s, r in pairs)


_STRIDE = 16
TF_SSD = Mobile()
