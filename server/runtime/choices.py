"""Routes, and the model that each leads to now."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from server.core.errors import BackendUnavailable, ModelUnavailable, NotLoaded
from server.core.model import Model, ModelKey
from server.core.routes import Route
from server.runtime.models import Found, Models

Rerouted = Callable[[Route, Found], None]


@dataclass(slots=True)
class _Choice:
    users: int = 0
    found: Found | None = None


class Choices:
    """For each route in use the first of its models that is there; tells when that changes.

    A model that is not there leads on to the next one. That no model server answers
    does not: it would not answer for the next one either. Nor does a label lead on to
    the newest version while its own is loading, as after a restart: the newest may be
    one that only the canary's sessions are to see.
    """

    def __init__(self, models: Models, changed: Rerouted) -> None:
        self._models = models
        self._changed = changed
        self._choices: dict[Route, _Choice] = {}

    def use(self, route: Route, optional: bool = False) -> Found | None:
        """Somebody needs ``route``. None: it is being looked up, and ``changed`` will tell.

        ``optional``: that nothing is there is no news for the log.
        """
        choice = self._choices.get(route)
        if choice is None:
            for key in route:
                self._models.use(key, optional=optional or key != route[-1])
            choice = self._choices[route] = _Choice(found=self._leads_to(route))
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

    def known(self, route: Route) -> Found | None:
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

    def _leads_to(self, route: Route) -> Found | None:
        for key, after in itertools.pairwise(route):
            found = self._models.known(key)
            if found is None or isinstance(found, Model | BackendUnavailable):
                return found
            if isinstance(found, NotLoaded) and after.label is None:
                return ModelUnavailable(f"model {key} is not loaded yet")
        return self._models.known(route[-1])
