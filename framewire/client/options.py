"""What a session asks for, checked before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from framewire.client import checks
from framewire.client.second import SecondModel
from framewire.client.tracking import (
    LINE_POINTS,
    ZONE_POINTS,
    Areas,
    Tracking,
    areas_message,
    check_areas,
)

Orientation = Literal["apply", "ignore"]

_CHECKS = {
    "model": checks.text,
    "label": checks.text,
    "version": checks.integer,
    "min_score": checks.number,
    "max_results": checks.integer,
}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a session, as in ``hello``. None: the gateway's default.

    Raises ValueError or TypeError for values that the gateway would reject.
    """

    model: str | None = None
    label: str | None = None
    version: int | None = None
    min_score: float | None = None
    max_results: int | None = None
    orientation: Orientation | None = None
    track: bool | Tracking | None = None
    zones: Areas | None = None
    lines: Areas | None = None
    then: bool | str | SecondModel | None = None

    def __post_init__(self) -> None:
        self._check_types()
        if self.label is not None and self.version is not None:
            raise ValueError("set only one of 'label' and 'version'")
        if self.min_score is not None:
            checks.within("min_score", self.min_score, 0, 1)
        if self.max_results is not None and self.max_results < 1:
            raise ValueError(f"'max_results' must be at least 1, not {self.max_results}")
        if self.orientation not in (None, "apply", "ignore"):
            raise ValueError(f"'orientation' must be 'apply' or 'ignore', not {self.orientation!r}")
        check_areas("zones", self.zones or {}, ZONE_POINTS)
        check_areas("lines", self.lines or {}, LINE_POINTS)

    def _check_types(self) -> None:
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check(name, value))
        if not isinstance(self.track, bool | Tracking | Mapping | None):
            raise checks.wrong("track", "True, False or a Tracking", self.track)
        if not isinstance(self.then, bool | str | SecondModel | Mapping | None):
            raise checks.wrong("then", "a name, a SecondModel, True or False", self.then)

    @property
    def tracks(self) -> bool:
        """Whether the session's results have ids."""
        return self.track is not None and self.track is not False

    def changed(self, changes: dict[str, Any]) -> Options:
        """Return these options with ``changes``.

        As on the wire, another model starts at its default version, and of label and version
        the one named last counts.
        """
        cleared: dict[str, Any] = {}
        if {"model", "label", "version"} & changes.keys():
            cleared = {"label": None, "version": None}
        return replace(self, **{**cleared, **changes})

    def message(self) -> dict[str, Any]:
        """Return the options that are set, as fields of ``hello`` or ``configure``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if isinstance(self.track, Tracking):
            values["track"] = self.track.message()
        if isinstance(self.then, SecondModel):
            values["then"] = self.then.message()
        for name in ("zones", "lines"):
            if values[name] is not None:
                values[name] = areas_message(values[name])
        return {name: value for name, value in values.items() if value is not None}
