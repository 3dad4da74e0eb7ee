"""The model that each route leads to now."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol

from server.core.errors import BackendUnavailable, ModelUnavailable, NotLoaded
from server.core.model import Model, ModelKey
from server.core.rollout import Rollout, Route, percentages
from server.runtime.models import Interest, ModelOrError, Models
from server.settings import Settings


def rollout(settings: Settings) -> Rollout:
    """Return how the settings spread the sessions that name no version."""
    return Rollout(
        settings.model,
        settings.label or None,
        settings.canary_label,
        settings.canary_share,
        percentages(settings.canary_steps),
    )


class RouteListener(Protocol):
    """What a resolver tells its owner."""

    def route_changed(self, route: Route, result: ModelOrError) -> None:
        """React to a route that leads to another model now, or to none: why not."""


@dataclass(slots=True)
class _Resolution:
    users: int
    result: ModelOrError | None


class Resolver:
    """Resolves each route in use to the first of its models that is there.

    A model that is not there leads on to the next one. A model server that does not
    answer does not, since it would not answer for the next one either. Nor does a label
    lead on to the newest version while its own version is loading, as after a restart:
    the newest may be one that only canary sessions are to see.
    """

    def __init__(self, models: Models, listener: RouteListener) -> None:
        self._models = models
        self._listener = listener
        self._resolutions: dict[Route, _Resolution] = {}
        self._routes_of: dict[ModelKey, dict[Route, None]] = {}

    def acquire(self, route: Route, interest: Interest) -> ModelOrError | None:
        """Follow ``route`` for one more user. None: it is being looked up.

        ``interest`` is in the last model of the route; the others are optional.
        """
        resolution = self._resolutions.get(route)
        if resolution is None:
            for key in route:
                self._models.acquire(key, interest if key == route[-1] else interest.optional)
                self._routes_of.setdefault(key, {})[route] = None
            resolution = self._resolutions[route] = _Resolution(0, self._resolve(route))
        resolution.users += 1
        return resolution.result

    def release(self, route: Route) -> None:
        """Follow ``route`` for one user less; nothing is kept of routes without users."""
        resolution = self._resolutions[route]
        resolution.users -= 1
        if resolution.users:
            return
        del self._resolutions[route]
        for key in route:
            self._models.release(key)
            routes = self._routes_of[key]
            del routes[route]
            if not routes:
                del self._routes_of[key]

    def current(self, route: Route) -> ModelOrError | None:
        """Return what ``route`` leads to now; None while it is being looked up."""
        resolution = self._resolutions.get(route)
        return resolution.result if resolution else None

    def model_changed(self, key: ModelKey) -> None:
        """Resolve the routes over ``key`` again."""
        for route in list(self._routes_of.get(key, ())):
            resolution = self._resolutions.get(route)
            result = self._resolve(route)
            if resolution and result is not None and result is not resolution.result:
                resolution.result = result
                self._listener.route_changed(route, result)

    def _resolve(self, route: Route) -> ModelOrError | None:
        for key, following in itertools.pairwise(route):
            result = self._models.current(key)
            if result is None or isinstance(result, Model | BackendUnavailable):
                return result
            if isinstance(result, NotLoaded) and following.label is None:
                return ModelUnavailable(f"model {key} is not loaded yet")
        return self._models.current(route[-1])
