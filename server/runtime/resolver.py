"""Rollout, and the model that each leads to now."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from server.core.errors import BackendUnavailable, ModelUnavailable, NotLoaded
from server.core.model import Model, ModelKey
from server.core.rollout import Route
from server.runtime.models import ModelOrError, Models

Rerouted = Callable[[Route, ModelOrError], None]


@dataclass(slots=True)
class _Resolution:
    users: int = 0
    found: ModelOrError | None = None


class Resolver:
    """For each route in use the first of its models that is there; tells when that changes.

    A model that is not there leads on to the next one. That no model server answers
    does not: it would not answer for the next one either. Nor does a label lead on to
    the newest version while its own is loading, as after a restart: the newest may be
    one that only the canary's sessions are to see.
    """

    def __init__(self, models: Models, changed: Rerouted) -> None:
        self._models = models
        self._changed = changed
        self._choices: dict[Route, _Resolution] = {}

    def acquire(self, route: Route, optional: bool = False) -> ModelOrError | None:
        """Somebody needs ``route``. None: it is being looked up, and ``changed`` will tell.

        ``optional``: that nothing is there is no news for the log.
        """
        choice = self._choices.get(route)
        if choice is None:
            for key in route:
                self._models.acquire(key, optional=optional or key != route[-1])
            choice = self._choices[route] = _Resolution(found=self._leads_to(route))
        choice.users += 1
        return choice.found

    def release(self, route: Route) -> None:
        """Somebody needs ``route`` no longer."""
        choice = self._choices[route]
        choice.users -= 1
        if not choice.users:
            del self._choices[route]
            for key in route:
                self._models.release(key)

    def current(self, route: Route) -> ModelOrError | None:
        """What ``route`` leads to now."""
        choice = self._choices.get(route)
        return choice.found if choice else None

    def model_changed(self, key: ModelKey) -> None:
        """Something new is known of ``key``."""
        for route, choice in list(self._choices.items()):
            if key not in route:
                continue
            found = self._leads_to(route)
            if found is not None and found is not choice.found:
                choice.found = found
                self._changed(route, found)

    def _leads_to(self, route: Route) -> ModelOrError | None:
        for key, after in itertools.pairwise(route):
            found = self._models.current(key)
            if found is None or isinstance(found, Model | BackendUnavailable):
                return found
            if isinstance(found, NotLoaded) and after.label is None:
                return ModelUnavailable(f"model {key} is not loaded yet")
        return self._models.current(route[-1])
