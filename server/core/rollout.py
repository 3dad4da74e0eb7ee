"""Which version label a session gets if it asks for none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.core.model import ModelKey

# The label that a release moves by default.
STABLE = "stable"

Route = tuple[ModelKey, ...]
"""The models that a session accepts, in order of preference."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """How sessions that name no version are spread over the default model's labels.

    They get ``model`` with ``label``. Without a label, that is ``stable`` if the model
    server has it, and otherwise the newest version. A share of them, ``canary_share``
    (0..1), gets ``canary_label`` if it exists. For each of ``canary_steps`` (percent, ascending),
    that share gets the label ``<canary_label>-<percent>`` if it exists: where one of these labels
    is, at the model server, decides how large the canary's share is. The session's id decides, so
    a session keeps its route, and a larger share includes the sessions of a smaller one.
    """

    model: str
    label: str | None = None
    canary_label: str = "canary"
    canary_share: float = 0.0
    canary_steps: tuple[int, ...] = ()

    @property
    def default(self) -> ModelKey:
        """The key of a session that names no model."""
        return ModelKey(self.model, self.label)

    @property
    def usual(self) -> Route:
        """The route of sessions outside the canary's share."""
        if self.label is not None:
            return (self.default,)
        return (ModelKey(self.model, STABLE), self.default)

    @property
    def shares(self) -> Mapping[str, float]:
        """The share of sessions that each of the canary's labels gets if it exists."""
        own = {self.canary_label: self.canary_share} if self.canary_share else {}
        steps = {f"{self.canary_label}-{step}": step / 100 for step in self.canary_steps}
        return {**own, **steps}

    @property
    def trials(self) -> list[Route]:
        """The routes of sessions in any of the canary's shares, the shortest first."""
        starts = {0.0, *self.shares.values()}
        routes = [self._at(start) for start in sorted(starts, reverse=True)]
        return [route for route in routes if route != self.usual]

    def of(self, key: ModelKey, session: str) -> Route:
        """Return the route of a session with this id (hexadecimal) that asks for ``key``."""
        if key != self.default:
            return (key,)
        # As many digits as a float can hold, so that the highest position is below 1.
        digits = session[:13]
        position = int(digits, 16) / 16 ** len(digits)
        return self._at(position)

    def _at(self, position: float) -> Route:
        """Return the route at a position in 0..1. The largest share's label comes first.

        So all sessions of the canary get the same label, and share batches, while a larger share
        follows a smaller one.
        """
        by_share = sorted(self.shares.items(), key=lambda item: item[1], reverse=True)
        labels = [label for label, share in by_share if position < share]
        return (*(ModelKey(self.model, label) for label in labels), *self.usual)


def percentages(text: str) -> tuple[int, ...]:
    """Return the numbers of a comma-separated text, ascending."""
    return tuple(sorted({int(part) for part in text.split(",") if part.strip()}))
