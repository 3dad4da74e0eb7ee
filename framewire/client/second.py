"""A second model: what a session may ask for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from framewire.client import checks

_CHECKS = {
    "model": checks.text,
    "label": checks.text,
    "version": checks.integer,
    "max_boxes": checks.integer,
    "min_score": checks.number,
    "max_results": checks.integer,
}
_BOUNDS = {"max_boxes": (1, 50), "min_score": (0, 1), "max_results": (0, 100)}


@dataclass(frozen=True, slots=True)
class SecondModel:
    """A model that gets the boxes of the first one, cut out of the picture.

    ``label`` or ``version`` choose its version. ``max_boxes`` (1..50): how many boxes of a picture
    it gets, the best first. ``min_score`` (0..1) and ``max_results`` (0..100) choose what its
    answers contain. None: the gateway's default. Raises ValueError for values that the gateway
    would reject.
    """

    model: str
    label: str | None = None
    version: int | None = None
    max_boxes: int | None = None
    min_score: float | None = None
    max_results: int | None = None

    def __post_init__(self) -> None:
        if self.label is not None and self.version is not None:
            raise ValueError("set only one of 'label' and 'version'")
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check(name, value))
                if name in _BOUNDS:
                    checks.within(name, value, *_BOUNDS[name])

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> SecondModel:
        """Return the one that a model's description names.

        Its values are not checked: a later gateway may allow more than this client asks for.
        """
        second = object.__new__(cls)
        values = {**dict.fromkeys(_CHECKS), "model": message["model"], **message}
        for name in _CHECKS:
            object.__setattr__(second, name, values[name])
        return second

    def message(self) -> dict[str, Any]:
        """Return the options that are set, as the value of ``then``."""
        return {name: value for name, value in asdict(self).items() if value is not None}
