"""The zones and lines of ``hello`` and ``configure``, checked."""

from __future__ import annotations

import math
from typing import Any

from server.core.errors import BadMessage
from server.core.tracking.areas import MAX_AREAS, MAX_POINTS, Area
from server.core.tracking.geometry import Point
from server.core.wire.fields import Fields

MAX_AREA_NAME = 64


def zones(fields: Fields) -> tuple[Area, ...] | None:
    """Return the zones: polygons of three or more different points. Raises BadMessage."""
    return _areas(fields, "zones", 3, MAX_POINTS)


def lines(fields: Fields) -> tuple[Area, ...] | None:
    """Return the lines: two different points each. Raises BadMessage."""
    return _areas(fields, "lines", 2, 2)


def _areas(fields: Fields, name: str, least: int, most: int) -> tuple[Area, ...] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, dict) or len(value) > MAX_AREAS:
        raise BadMessage(f"{name!r} must be a map of at most {MAX_AREAS} names and their points")
    return tuple(_area(name, *entry, least, most) for entry in value.items())


def _area(field: str, name: Any, points: Any, least: int, most: int) -> Area:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_AREA_NAME or not name.isprintable():
        raise BadMessage(
            f"names in {field!r} must be strings of 1 to {MAX_AREA_NAME} printable characters"
        )
    if not isinstance(points, list) or not least <= len(points) <= most:
        count = f"{least}" if least == most else f"{least} to {most}"
        raise BadMessage(f"{name!r} in {field!r} must be a list of {count} points")
    area = Area(name, tuple(_point(field, name, point) for point in points))
    if len(set(area.points)) < least:
        raise BadMessage(f"{name!r} in {field!r} must have {least} different points")
    return area


def _point(field: str, name: str, value: Any) -> Point:
    if isinstance(value, list) and len(value) == 2 and all(map(_is_share, value)):
        return float(value[0]), float(value[1])
    raise BadMessage(f"the points of {name!r} in {field!r} must be [x, y], each from 0 to 1")


def _is_share(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and 0 <= value <= 1
