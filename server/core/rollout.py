"""Which version label a session gets that asks for none."""

from __future__ import annotations

from dataclasses import dataclass

from server.core.model import ModelKey

# The label that a release moves, unless it is told another.
STABLE = "stable"

Route = tuple[ModelKey, ...]
"""The models that a session will do with, the best first."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """The default model's labels.

    ``model`` with ``label``: what a session gets that asks for nothing; without a
    label, that is ``stable`` where the model server has this label, else the newest
    version. A share of these sessions, ``canary_share`` (0..1), gets ``canary_label``
    where there is one. A session's own name decides, so it stays what it is.
    """

    model: str
    label: str | None = None
    canary_label: str = "canary"
    canary_share: float = 0.0

    @property
    def default(self) -> ModelKey:
        """What stands for having asked for nothing."""
        return ModelKey(self.model, self.label)

    @property
    def usual(self) -> Route:
        """Of the sessions that are not chosen to try anything."""
        if self.label is not None:
            return (self.default,)
        return (ModelKey(self.model, STABLE), self.default)

    @property
    def trial(self) -> Route:
        """Of the chosen ones."""
        return (ModelKey(self.model, self.canary_label), *self.usual)

    def of(self, key: ModelKey, session: str) -> Route:
        """The route of a session with this name (hexadecimal) that asks for ``key``."""
        if key != self.default:
            return (key,)
        # As many digits as a float tells apart, so that the highest place is below 1.
        digits = session[:13]
        place = int(digits, 16) / 16 ** len(digits)
        return self.trial if place < self.canary_share else self.usual
