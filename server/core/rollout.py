"""Which version label a session gets that names a model alone, or none at all."""

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
    """What sessions get that name no version; ``model`` is the default model.

    Whichever model they name, they get the label ``label`` of it, or ``stable`` if that is None,
    and the newest version as long as the model server does not have the label. Only the default
    model has no other version if ``label`` is set: it is that which the settings name.

    A share of the default model's sessions, ``canary_share`` (0..1), gets ``canary_label`` if it
    exists. For each of ``canary_steps`` (percent, ascending), that share gets the label
    ``<canary_label>-<percent>`` if it exists: where one of these labels is, at the model server,
    decides how large the canary's share is. The session's id decides, so a session keeps its
    route, and a larger share includes the sessions of a smaller one.
    """

    model: str
    label: str | None = None
    canary_label: str = "canary"
    canary_share: float = 0.0
    canary_steps: tuple[int, ...] = ()

    @property
    def default(self) -> ModelKey:
        """What a session asks for that names no model: the default model by its name alone."""
        return ModelKey(self.model)

    @property
    def usual(self) -> Route:
        """The route of the default model's sessions outside the canary's share."""
        return self.by_name(self.model)

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
        if key.label is not None or key.version is not None:
            return (key,)
        if key != self.default:
            return self.by_name(key.name)
        # As many digits as a float can hold, so that the highest position is below 1.
        digits = session[:13]
        position = int(digits, 16) / 16 ** len(digits)
        return self._at(position)

    def by_name(self, name: str) -> Route:
        """Return the route of sessions that name just this model, outside the canary's share."""
        labelled, newest = ModelKey(name, self.label or STABLE), ModelKey(name)
        strict = name == self.model and self.label is not None
        return (labelled,) if strict else (labelled, newest)

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
