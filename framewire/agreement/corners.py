"""Rotated boxes, by their four corners: x and y of each, one after another, around the box."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

_Point = tuple[float, float]


def corners_iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the intersection over union of two rotated boxes.

    Raises ValueError if one does not have four corners.
    """
    one, other = _polygon(a), _polygon(b)
    shared = _area(_clipped(one, other))
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else float(list(a) == list(b))


def _polygon(flat: Sequence[float]) -> list[_Point]:
    """Return the corners in the order in which the inside is on the left."""
    if len(flat) != 8:
        raise ValueError(f"{len(flat)} numbers for the four corners of a box")
    points = list(zip(flat[0::2], flat[1::2], strict=True))
    return points if _area(points) >= 0 else points[::-1]


def _area(points: Sequence[_Point]) -> float:
    pairs = zip(points, [*points[1:], *points[:1]], strict=True)
    return sum(x * v - u * y for (x, y), (u, v) in pairs) / 2


def _clipped(points: list[_Point], window: list[_Point]) -> list[_Point]:
    """Return the part of a polygon that is inside a convex one: cut off at one side at a time."""
    for start, end in zip(window, [*window[1:], window[0]], strict=True):
        points = list(_left_of(start, end, points))
    return points


def _left_of(start: _Point, end: _Point, points: list[_Point]) -> Iterator[_Point]:
    (x, y), dx, dy = start, end[0] - start[0], end[1] - start[1]
    sides = [dx * (v - y) - dy * (u - x) for u, v in points]
    for i, (point, side) in enumerate(zip(points, sides, strict=True)):
        before, was = points[i - 1], sides[i - 1]
        if was * side < 0:
            share = was / (was - side)
            (u, v), (right, below) = before, point
            yield u + share * (right - u), v + share * (below - v)
        if side >= 0:
            yield point
