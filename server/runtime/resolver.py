"""The model that each route leads to now."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Protocol

from server.core.errors import (
    BackendUnavailable,
    ModelUnavailable,
    NotLoaded,
    UnknownModel,
    UnusableModel,
)
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
    users: int = 0
    result: ModelOrError | None = None
    follows_labels: bool = False


class Resolver:
    """Resolves each route in use to the first of its models that is there.

    A model that is not there leads on to the next one. A model server that does not
    answer does not, since it would not answer for the next one either. And nothing but a
    label that does not exist leads on to the newest version, which may be one that only
    canary sessions are to see: not a label whose own version is loading, as after a
    restart, or cannot be used.

    Clients can make up any number of names. So the labels of a model are looked up only
    once the model itself, which is the last of its route, has been found; those of the
    default model at once.
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
        self._models.acquire(route[-1], interest)
        resolution = self._resolutions.get(route)
        if resolution is None:
            resolution = self._resolutions[route] = _Resolution()
            for key in route:
                self._routes_of.setdefault(key, {})[route] = None
            if interest is Interest.DEFAULT:
                self._follow_labels(route, resolution)
            resolution.result = self._resolve(route, resolution)
        resolution.users += 1
        return resolution.result

    def release(self, route: Route) -> None:
        """Follow ``route`` for one user less; nothing is kept of routes without users."""
        resolution = self._resolutions[route]
        resolution.users -= 1
        self._models.release(route[-1])
        if resolution.users:
            return
        del self._resolutions[route]
        if resolution.follows_labels:
            for key in route[:-1]:
                self._models.release(key)
        for key in route:
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
            if resolution is None:  # left meanwhile
                continue
            result = self._resolve(route, resolution)
            if result is not None and result is not resolution.result:
                resolution.result = result
                self._listener.route_changed(route, result)

    def _follow_labels(self, route: Route, resolution: _Resolution) -> None:
        resolution.follows_labels = True
        for key in route[:-1]:
            self._models.acquire(key, Interest.LABEL)

    def _resolve(self, route: Route, resolution: _Resolution) -> ModelOrError | None:
        if not resolution.follows_labels:
            found = self._models.current(route[-1])
            if not isinstance(found, Model | UnusableModel):
                return found
            self._follow_labels(route, resolution)
        for key, following in itertools.pairwise(route):
            result = self._models.current(key)
            if result is None or isinstance(result, Model | BackendUnavailable):
                return result
            if following.label is None and isinstance(result, NotLoaded):
                return ModelUnavailable(f"model {key} is not loaded yet")
            if following.label is None and not isinstance(result, UnknownModel):
                return result
        return self._models.current(route[-1])
