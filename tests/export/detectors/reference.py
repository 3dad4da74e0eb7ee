"""The published formulas of each family, as plain NumPy: boxes are ymin, xmin, ymax, xmax."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from framewire.agreement.corners import corners_iou

Detections = list[tuple[int, float, np.ndarray]]
"""Class, score and box, best first."""


def overlaps(boxes: np.ndarray) -> np.ndarray:
    """Return the intersection over union of all pairs: ``[A, A]``."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1)
    return shared / np.maximum(area[:, None] + area[None] - shared, 1e-12)


def suppressed(
    boxes: np.ndarray,
    scores: np.ndarray,
    overlap: float,
    score: float,
    most: int,
    shared: np.ndarray | None = None,
) -> Detections:
    """Keep the best boxes of each class. ``boxes``: ``[A, 4]``. ``scores``: ``[A, C]``.

    ``shared``: how much they overlap, ``[A, A]``, if that is not how much upright boxes do.
    """
    shared = overlaps(boxes) if shared is None else shared
    kept: Detections = []
    for number in range(scores.shape[1]):
        column = scores[:, number]
        alive = column > score
        for at in np.argsort(-column):
            if alive[at]:
                kept.append((number, float(column[at]), np.clip(boxes[at], 0, 1)))
                alive &= shared[at] <= overlap
    return sorted(kept, key=lambda one: -one[1])[:most]


def agnostic(
    boxes: np.ndarray, scores: np.ndarray, overlap: float, score: float, most: int
) -> Detections:
    """Keep the best boxes whatever their classes."""
    best = scores.argmax(axis=1)
    kept = suppressed(boxes, scores.max(axis=1, keepdims=True), overlap, score, len(boxes))
    classes = {float(scores[at].max()): int(best[at]) for at in range(len(boxes))}
    return [(classes[one], one, box) for _, one, box in kept][:most]


def yolo_box(row: np.ndarray, width: float, height: float) -> list[float]:
    """Convert center x, center y, width, height in a unit of which the image has so many."""
    x, y, w, h = row[:4]
    return [(y - h / 2) / height, (x - w / 2) / width, (y + h / 2) / height, (x + w / 2) / width]


def ssd_anchors(
    image: float,
    maps: list[int],
    sizes: list[tuple[float, float]],
    ratios: list[list[float]],
    steps: list[float],
) -> Iterator[tuple[float, float, float, float]]:
    """Yield center x, center y, width, height in 0..1 of SSD's default boxes."""
    for cells, (side, larger), shapes, step in zip(maps, sizes, ratios, steps, strict=True):
        for row in range(cells):
            for column in range(cells):
                x, y = (column + 0.5) * step / image, (row + 0.5) * step / image
                yield x, y, side / image, side / image
                yield x, y, math.sqrt(side * larger) / image, math.sqrt(side * larger) / image
                for ratio in shapes:
                    root = math.sqrt(ratio)
                    yield x, y, side * root / image, side / root / image


def pyramid_anchors(
    height: int,
    width: int,
    strides: Sequence[int],
    side: float,
    by_scale: bool,
    ratios: list[float],
    octaves: int = 3,
) -> Iterator[tuple[float, float, float, float]]:
    """Yield center x, center y, width, height in pixels.

    ``side``: of the smallest square, in strides. ``ratios``: width by height.
    """
    scales = [2 ** (step / octaves) for step in range(octaves)]
    pairs = [(s, r) for r in ratios for s in scales]
    if by_scale:
        pairs = [(s, r) for s in scales for r in ratios]
    for stride in strides:
        for row in range(math.ceil(height / stride)):
            for column in range(math.ceil(width / stride)):
                for scale, ratio in pairs:
                    area = (side * stride * scale) ** 2
                    h = math.sqrt(area / ratio)
                    yield (column + 0.5) * stride, (row + 0.5) * stride, area / h, h


def decode_centers(offsets: np.ndarray, anchors: np.ndarray, variances: list[float]) -> np.ndarray:
    """Decode offsets of x, y, width, height ``[..., A, 4]`` from anchors ``[A, 4]``."""
    x = anchors[:, 0] + offsets[..., 0] * variances[0] * anchors[:, 2]
    y = anchors[:, 1] + offsets[..., 1] * variances[1] * anchors[:, 3]
    w = anchors[:, 2] * np.exp(offsets[..., 2] * variances[2])
    h = anchors[:, 3] * np.exp(offsets[..., 3] * variances[3])
    return np.stack([y - h / 2, x - w / 2, y + h / 2, x + w / 2], axis=-1)


def decode_sides(offsets: np.ndarray, anchors: np.ndarray, variance: float) -> np.ndarray:
    """Decode offsets of xmin, ymin, xmax, ymax ``[..., A, 4]`` from anchors ``[A, 4]``."""
    x, y, w, h = anchors.T
    left, right = (
        x - w / 2 + offsets[..., 0] * variance * w,
        x + w / 2 + offsets[..., 2] * variance * w,
    )
    top, low = (
        y - h / 2 + offsets[..., 1] * variance * h,
        y + h / 2 + offsets[..., 3] * variance * h,
    )
    return np.stack([top, left, low, right], axis=-1)


def centers(
    heat: np.ndarray, sizes: np.ndarray, offsets: np.ndarray, most: int, score: float
) -> Detections:
    """Decode a CenterNet's maps of one image; sizes are width and height in cells."""
    rows, columns, classes = heat.shape
    found: Detections = []
    for y in range(rows):
        for x in range(columns):
            around = heat[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
            for number in range(classes):
                if heat[y, x, number] == around[..., number].max():
                    at = np.array([y, x]) + offsets[y, x, ::-1]
                    half = sizes[y, x, ::-1] / 2
                    box = np.concatenate([at - half, at + half]) / [rows, columns, rows, columns]
                    found.append((number, float(heat[y, x, number]), np.clip(box, 0, 1)))
    best = sorted(found, key=lambda one: -one[1])
    return [one for one in best if one[1] > score][:most]


def upright(row: np.ndarray, angle: float, width: float, height: float) -> list[float]:
    """Return the box in 0..1 around the four corners of a rotated one, given in pixels."""
    points = corners(row, angle, width, height)
    return [*points.min(axis=0), *points.max(axis=0)]


def corners(row: np.ndarray, angle: float, width: float, height: float) -> np.ndarray:
    """Return the corners in 0..1, y and x, of a rotated box in pixels, whose angle is clockwise."""
    x, y, w, h = row[:4]
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = np.array([[-w, -h], [w, -h], [w, h], [-w, h]]) / 2 @ turn.T + [x, y]
    return points[:, ::-1] / [height, width]


def rotated_overlaps(places: np.ndarray) -> np.ndarray:
    """Return the intersection over union of all pairs of rotated boxes ``[A, 4, 2]``."""
    upright = np.concatenate([places.min(axis=1), places.max(axis=1)], axis=-1)
    shared, flat = np.eye(len(places)), places.reshape(-1, 8).tolist()
    for a, b in np.argwhere(np.triu(overlaps(upright), 1) > 0):
        shared[a, b] = shared[b, a] = corners_iou(flat[a], flat[b])
    return shared


def mask(prototypes: np.ndarray, weights: np.ndarray, box: np.ndarray, cells: int) -> np.ndarray:
    """Return a mask made of prototypes ``[h, w, P]``, at the centers of a grid over a box."""
    return sigmoid(sampled(prototypes, box, cells) @ weights)


def sampled(values: np.ndarray, box: np.ndarray, cells: int) -> np.ndarray:
    """Interpolate a map ``[h, w, C]`` at the centers of a grid over a box."""
    height, width, _ = values.shape
    centers = (np.arange(cells) + 0.5) / cells
    y = np.clip((box[0] + centers * (box[2] - box[0])) * height - 0.5, 0, height - 1)
    x = np.clip((box[1] + centers * (box[3] - box[1])) * width - 0.5, 0, width - 1)
    top, left = y.astype(int), x.astype(int)
    low, right = np.minimum(top + 1, height - 1), np.minimum(left + 1, width - 1)
    down, across = (y - top)[:, None, None], (x - left)[None, :, None]
    above = values[top][:, left] * (1 - across) + values[top][:, right] * across
    below = values[low][:, left] * (1 - across) + values[low][:, right] * across
    return above * (1 - down) + below * down


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)
