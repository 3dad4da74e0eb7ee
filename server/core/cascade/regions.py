"""Where a box lies in its picture, in pixels, and how an answer about it gets into the frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from server.core.answers import Answer, Detections, Poses

MAX_PIXELS = 2_000_000
"""How many pixels the crops of one frame may have together; larger ones are scaled down."""

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an upright picture in pixels; ``right`` and ``bottom`` are excluded.

    ``shrink``: its crop is scaled down by this whole number.
    """

    left: int
    top: int
    right: int
    bottom: int
    shrink: int = 1

    @property
    def size(self) -> Size:
        """The width and height of its crop, in pixels."""
        width, height = self.right - self.left, self.bottom - self.top
        return math.ceil(width / self.shrink), math.ceil(height / self.shrink)


def regions(boxes: Sequence[Sequence[float]], size: Size) -> list[Region]:
    """Return the region of each box in a picture of ``size``, width and height in pixels.

    Its edges are at the nearest pixels, and at least one pixel apart.
    """
    share = MAX_PIXELS // max(1, len(boxes))
    return [_region(box, size, share) for box in boxes]


def _region(box: Sequence[float], size: Size, most: int) -> Region:
    (left, right), (top, bottom) = _span(box[0], box[2], size[0]), _span(box[1], box[3], size[1])
    region = Region(left, top, right, bottom)
    while math.prod(region.size) > most:
        region = replace(region, shrink=region.shrink + 1)
    return region


def _span(start: float, end: float, size: int) -> tuple[int, int]:
    first = min(round(start * size), size - 1)
    return first, max(first + 1, round(end * size))


def placed(answer: Answer, region: Region, size: Size) -> Answer:
    """Return an answer about a crop with its boxes and points in 0..1 of the whole picture.

    ``size`` is that of the picture. Maps go on covering the crop.
    """
    x, y = region.left / size[0], region.top / size[1]
    width, height = (region.right - region.left) / size[0], (region.bottom - region.top) / size[1]
    if isinstance(answer, Detections):
        boxes = [
            [x + x0 * width, y + y0 * height, x + x1 * width, y + y1 * height]
            for x0, y0, x1, y1 in answer.boxes
        ]
        if answer.corners is None:
            return answer._replace(boxes=boxes)
        corners = [_points(flat, 2, x, y, width, height) for flat in answer.corners]
        return answer._replace(boxes=boxes, corners=corners)
    if isinstance(answer, Poses):
        poses = [_points(pose, 3, x, y, width, height) for pose in answer.keypoints]
        return replace(answer, keypoints=poses)
    return answer


def _points(
    numbers: Sequence[float], each: int, x: float, y: float, width: float, height: float
) -> list[float]:
    """Return flat points of a crop as points of the whole picture.

    Each has ``each`` numbers: x, y and, if it has one, its score.
    """
    points = list(numbers)
    points[0::each] = [x + value * width for value in numbers[0::each]]
    points[1::each] = [y + value * height for value in numbers[1::each]]
    return points
