"""Points, lines and polygons in 0..1 of the frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

Point = tuple[float, float]
Edge = tuple[Point, Point]
Bounds = tuple[float, float, float, float]

# Shares of a way that are nearer to each other are one place: a corner, met by both its edges.
_SAME = 1e-9


def side(point: Point, a: Point, b: Point) -> float:
    """Return on which side of the line from ``a`` to ``b`` a point is: > 0 is the right one.

    As seen on a screen, where y grows downwards, by someone who looks from ``a`` to ``b``.
    """
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def crossing(start: Point, end: Point, a: Point, b: Point) -> float | None:
    """Return where the way from ``start`` to ``end`` crosses the line from ``a`` to ``b``.

    As a share of the way, from 0 to 1; None if it does not cross. What is on a line is to the
    right of it, so a stop on it or a way along it counts once, or back and forth. A line has
    its first point, and not its last.
    """
    before, after = side(start, a, b), side(end, a, b)
    if (before < 0) == (after < 0):
        return None
    share = before / (before - after)
    x, y = along(start, end, share)
    dx, dy = b[0] - a[0], b[1] - a[1]
    place = (x - a[0]) * dx + (y - a[1]) * dy
    return share if 0 <= place < dx * dx + dy * dy else None


def along(start: Point, end: Point, share: float) -> Point:
    """Return the point after a share of the way."""
    return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])


def edges(polygon: Sequence[Point]) -> list[Edge]:
    """Return the edges of a polygon, each from one corner to the next."""
    return list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))


def contains(polygon: Sequence[Edge], point: Point) -> bool:
    """Return whether a point is in a polygon, by the even-odd rule.

    What is on a border that two polygons share is in one of them.
    """
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in polygon:
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def passages(polygon: Iterable[Edge], start: Point, end: Point) -> list[float]:
    """Return where the way from ``start`` to ``end`` meets a polygon's edges, in order."""
    shares = sorted(share for a, b in polygon for share in _meetings(start, end, a, b))
    return [share for before, share in pairwise([-1.0, *shares]) if share - before > _SAME]


def _meetings(start: Point, end: Point, a: Point, b: Point) -> Iterable[float]:
    """Yield where a way meets an edge, its ends included, unless they are parallel."""
    dx, dy, ex, ey = end[0] - start[0], end[1] - start[1], b[0] - a[0], b[1] - a[1]
    across = dx * ey - dy * ex
    if across == 0:
        return
    ax, ay = a[0] - start[0], a[1] - start[1]
    share, place = (ax * ey - ay * ex) / across, (ax * dy - ay * dx) / across
    if -_SAME <= share <= 1 + _SAME and -_SAME <= place <= 1 + _SAME:
        yield min(max(share, 0.0), 1.0)


def bounds(points: Iterable[Point]) -> Bounds:
    """Return the least rectangle around points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def touch(a: Bounds, b: Bounds) -> bool:
    """Return whether two rectangles have a point in common."""
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]
