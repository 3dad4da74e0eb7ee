"""The models that clients are shown, whether or not a session uses them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from server.core.model import Model, ModelKey, ModelStatus
from server.core.rollout import Rollout
from server.runtime.models import Interest, Models
from server.runtime.resolver import Resolver

log = logging.getLogger(__name__)

# Each model that is listed without being used costs two look-ups every few seconds.
MAX_OFFERED = 100


class Catalog:
    """Keeps the models of the operator's files looked up, and lists them with all others."""

    def __init__(self, rollout: Rollout, models: Models, resolver: Resolver) -> None:
        self._rollout = rollout
        self._models = models
        self._resolver = resolver
        self._offered: set[str] = set()

    def offer(self, names: Iterable[str]) -> None:
        """Follow the models of these names, in the place of those offered before."""
        distinct = list(dict.fromkeys(names))
        if len(distinct) > MAX_OFFERED:
            fields = {"count": len(distinct), "most": MAX_OFFERED}
            log.warning("%(count)d models are configured; the first %(most)d are listed", fields)
        before, self._offered = self._offered, set(distinct[:MAX_OFFERED])
        for name in self._offered - before:
            self._resolver.acquire(self._rollout.by_name(name), Interest.OFFERED)
        for name in before - self._offered:
            self._resolver.release(self._rollout.by_name(name))

    def statuses(self) -> list[ModelStatus]:
        """Return the models that sessions can ask for, as far as they are known.

        A model that its name alone leads to is listed once: with its label, if it has one.
        """
        usual = self._rollout.usual
        current = self._resolver.current(usual)
        default = current.key if isinstance(current, Model) else usual[-1]
        statuses = []
        for key, result in self._models.offered():
            if key == ModelKey(key.name):
                result = self._resolver.current(self._rollout.by_name(key.name))
                if isinstance(result, Model) and result.key != key:
                    continue
            statuses.append(ModelStatus(key, result, key == default))
        return statuses
