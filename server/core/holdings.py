"""Which backends hold which version of a model, and which of these versions sessions get.

While the versions behind one name or label differ, as during a rolling update, sessions get one
of them at a time: the version that most backends hold, or the newest of several such versions. The
others hold it in vain until they are in the majority. So no session gets answers of two versions
in turn, and a version gets sessions when it has the capacity for them.

A model that no backend holds has the error of a backend that knows it rather than of one that does
not, and of one that answers rather than of one that cannot be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Generic, TypeVar

from server.core.errors import (
    BackendUnavailable,
    FramewireError,
    ModelUnavailable,
    NotLoaded,
    UnknownModel,
    UnusableModel,
)
from server.core.lru import LRU
from server.core.model import Model, ModelKey

MAX_MODELS = 256
_ERRORS = (UnusableModel, NotLoaded, ModelUnavailable, UnknownModel)
"""Of which kind a model's error is, if its backends have several: the first of these."""

Holder = TypeVar("Holder")
ModelOrError = Model | FramewireError


class Holdings(Generic[Holder]):
    """What each backend said last about each model; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._models: LRU[ModelKey, dict[Holder, Model]] = LRU(MAX_MODELS, dict)
        # Only until they are settled: clients can ask for any number of missing models.
        self._errors: LRU[ModelKey, dict[Holder, FramewireError]] = LRU(MAX_MODELS, dict)
        self._current: dict[ModelKey, Model] = {}

    @property
    def models(self) -> list[ModelKey]:
        """The models that sessions can use, the most recently used last."""
        return [key for key in self._models if key in self._current]

    def learn(self, key: ModelKey, holder: Holder, result: ModelOrError) -> None:
        """Take in what ``holder`` says. If it cannot say, it still holds what it held."""
        if isinstance(result, Model):
            self._models.of(key)[holder] = result
            return
        if not isinstance(result, BackendUnavailable):
            self._models.get(key, {}).pop(holder, None)
        self._errors.of(key)[holder] = result

    def forget(self, holder: Holder) -> None:
        """Discard what a backend that is gone has said."""
        for models in self._models.values():
            models.pop(holder, None)

    def settle(self, key: ModelKey, *groups: Collection[Holder]) -> ModelOrError | None:
        """Decide what sessions get, judging by the first of ``groups`` that holds the model.

        None: no backend has said anything.
        """
        held = self._models.get(key, {})
        errors = self._errors.pop(key, {})
        for group in groups:
            models = [model for holder, model in held.items() if holder in group]
            if models:
                model = self._current[key] = _prevailing(models)
                return model
        self._current.pop(key, None)
        return min(errors.values(), key=_rank, default=None)

    def current(self, key: ModelKey) -> Model | None:
        """Return what sessions get now."""
        return self._current.get(key)

    def holders(self, key: ModelKey) -> list[Holder]:
        """Return who holds the version that sessions get now."""
        current, held = self._current.get(key), self._models.get(key, {})
        version = current and current.version
        return [holder for holder, model in held.items() if model.version == version]


def _prevailing(models: list[Model]) -> Model:
    counts = Counter(model.version for model in models)
    version = max(counts, key=lambda version: (counts[version], version))
    return next(model for model in models if model.version == version)


def _rank(error: FramewireError) -> int:
    kinds = (rank for rank, kind in enumerate(_ERRORS) if isinstance(error, kind))
    return next(kinds, len(_ERRORS))
