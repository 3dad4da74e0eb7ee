"""Points, lines and polygons in 0..1 of the frame."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]


def crossing(start: Point, end: Point, a: Point, b: Point) -> float | None:
    """Return where the way from ``start`` to ``end`` meets the line from ``a`` to ``b``.

    As a share of the way, from 0 to 1; None if they do not meet. A line has its first point,
    and the way its end, so that a corner and a stop on a line count once.
    """
    dx, dy, ex, ey = end[0] - start[0], end[1] - start[1], b[0] - a[0], b[1] - a[1]
    across = dx * ey - dy * ex
    if across == 0:
        return None
    ax, ay = a[0] - start[0], a[1] - start[1]
    way, along = (ax * ey - ay * ex) / across, (ax * dy - ay * dx) / across
    return way if 0 < way <= 1 and 0 <= along < 1 else None


def side(point: Point, a: Point, b: Point) -> float:
    """Return on which side of the line from ``a`` to ``b`` a point is: > 0 is the right one.

    As seen on a screen, where y grows downwards, by someone who looks from ``a`` to ``b``.
    """
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """Return whether a point is in a polygon, by the even-odd rule."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
    return inside


def passages(polygon: Sequence[Point], start: Point, end: Point) -> list[float]:
    """Return where the way from ``start`` to ``end`` crosses a polygon's edges, in order."""
    edges = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    shares = (crossing(start, end, a, b) for a, b in edges)
    return sorted(share for share in shares if share is not None)
