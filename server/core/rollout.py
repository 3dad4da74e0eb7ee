"""Which version label a session gets if it asks for none."""

from __future__ import annotations

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
    (0..1), gets ``canary_label`` if it exists. The session's id decides, so a session
    keeps its route.
    """

    model: str
    label: str | None = None
    canary_label: str = "canary"
    canary_share: float = 0.0

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
    def trial(self) -> Route:
        """The route of sessions in the canary's share."""
        return (ModelKey(self.model, self.canary_label), *self.usual)

    @property
    def trials(self) -> list[Route]:
        """The routes of sessions in the canary's share, if it has one."""
        return [self.trial] if self.canary_share else []

    def of(self, key: ModelKey, session: str) -> Route:
        """Return the route of a session with this id (hexadecimal) that asks for ``key``."""
        if key != self.default:
            return (key,)
        # As many digits as a float can hold, so that the highest position is below 1.
        digits = session[:13]
        position = int(digits, 16) / 16 ** len(digits)
        return self.trial if position < self.canary_share else self.usual
