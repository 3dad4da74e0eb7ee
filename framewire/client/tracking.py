"""Tracking: what a session may ask for, and what its results say about tracked objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from framewire.client import checks

Point = tuple[float, float]
Areas = Mapping[str, Sequence[Sequence[float]]]
"""Points [x, y] in 0..1 of the picture, by the name of their zone or line."""

MAX_AREAS = 16
MAX_NAME = 64
ZONE_POINTS = range(3, 33)
LINE_POINTS = range(2, 3)

_TRACKING = {
    "start_score": (checks.number, 1),
    "keep_score": (checks.number, 1),
    "confirm_ms": (checks.integer, 10_000),
    "lost_ms": (checks.integer, 60_000),
}


@dataclass(frozen=True, slots=True)
class Tracking:
    """Options of the tracker; docs/tracking.md has their defaults. None: the gateway's default.

    ``start_score`` and ``keep_score`` (0..1): what a box needs to begin and to continue a track.
    ``confirm_ms``: for how long an object must have been seen to get its id. ``lost_ms``: after
    how long a track without a box ends. Raises ValueError for values that the gateway would reject.
    """

    start_score: float | None = None
    keep_score: float | None = None
    confirm_ms: int | None = None
    lost_ms: int | None = None

    def __post_init__(self) -> None:
        for name, (check, most) in _TRACKING.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check(name, value))
                checks.within(name, value, 0, most)

    def message(self) -> dict[str, Any]:
        """Return the options that are set, as the value of ``track``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def check_areas(option: str, areas: Areas, points: range) -> None:
    """Check zones or lines, each of which has a number of ``points``.

    Raises ValueError or TypeError.
    """
    if not isinstance(areas, Mapping):
        raise checks.wrong(option, "a map of names and points", areas)
    if len(areas) > MAX_AREAS:
        raise ValueError(f"'{option}' has {len(areas)} entries; the gateway takes {MAX_AREAS}")
    for name, corners in areas.items():
        if not isinstance(name, str):
            raise TypeError(f"a name in '{option}' must be a string, not {name!r}")
        if not (0 < len(name) <= MAX_NAME and name.isprintable()):
            raise ValueError(f"a name in '{option}' must have 1 to {MAX_NAME} printable characters")
        if len(corners) not in points:
            count = f"{points[0]}" if len(points) == 1 else f"{points[0]} to {points[-1]}"
            raise ValueError(f"{name!r} in '{option}' must have {count} points")
        if not all(_is_point(point) for point in corners):
            raise ValueError(f"the points of {name!r} in '{option}' must be (x, y), each in 0..1")


def _is_point(point: Any) -> bool:
    try:
        x, y = (float(at) for at in point)
    except (TypeError, ValueError):
        return False
    return 0 <= x <= 1 and 0 <= y <= 1


def areas_message(areas: Areas) -> dict[str, list[list[float]]]:
    """Return zones or lines as they travel."""
    return {name: [[float(x), float(y)] for x, y in points] for name, points in areas.items()}


class Velocity(NamedTuple):
    """How far each edge of a box moves per second, in 0..1 of the picture."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Event:
    """What a tracked object did at a zone (``enter``, ``leave``) or a line (``cross``).

    A later gateway may report other kinds.

    ``id`` is the object's, as in :class:`~framewire.client.Detection`; ``class_index`` and
    ``label`` are its class. ``zone`` or ``line`` is the name that the session gave it; ``to`` is
    the side of the line that was crossed to, as seen from its first point to its second. ``at_s``
    is when the border was reached, on the clock of ``time.monotonic()``.
    """

    kind: str
    id: int
    class_index: int
    label: str
    at_s: float
    zone: str | None = None
    line: str | None = None
    to: Literal["left", "right"] | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects of a class are in a zone."""

    zone: str
    class_index: int
    label: str
    count: int
