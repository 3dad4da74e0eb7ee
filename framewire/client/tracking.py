"""Tracking: what a session may ask for, and what its results say about tracked objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

Point = tuple[float, float]
Areas = Mapping[str, Sequence[Sequence[float]]]
"""Points [x, y] in 0..1 of the picture, by the name of their zone or line."""

MAX_AREAS = 16
MAX_NAME = 64
ZONE_POINTS = range(3, 33)
LINE_POINTS = range(2, 3)


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
        bounds = {"start_score": 1, "keep_score": 1, "confirm_ms": 10_000, "lost_ms": 60_000}
        for name, most in bounds.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise ValueError(f"'{name}' must be in 0..{most}, not {value}")

    def message(self) -> dict[str, Any]:
        """Return the options that are set, as the value of ``track``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def check_areas(option: str, areas: Areas, points: range) -> None:
    """Check zones or lines, each of which has a number of ``points``. Raises ValueError."""
    if len(areas) > MAX_AREAS:
        raise ValueError(f"'{option}' has {len(areas)} entries; the gateway takes {MAX_AREAS}")
    for name, corners in areas.items():
        if not (0 < len(name) <= MAX_NAME and name.isprintable()):
            raise ValueError(f"a name in '{option}' must have 1 to {MAX_NAME} printable characters")
        if len(corners) not in points:
            count = f"{points[0]}" if len(points) == 1 else f"{points[0]} to {points[-1]}"
            raise ValueError(f"{name!r} in '{option}' must have {count} points")
        if not all(len(point) == 2 and all(0 <= at <= 1 for at in point) for point in corners):
            raise ValueError(f"the points of {name!r} in '{option}' must be (x, y), each in 0..1")


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

    ``id`` is the object's, as in :class:`~framewire.client.Detection`; ``class_index`` and
    ``label`` are its class. ``zone`` or ``line`` is the name that the session gave it; ``to`` is
    the side of the line that was crossed to, as seen from its first point to its second. ``at_s``
    is when the border was reached, on the clock of ``time.monotonic()``.
    """

    kind: Literal["enter", "leave", "cross"]
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
