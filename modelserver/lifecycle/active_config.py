"""The model config in force: models and labels, always replaced as a whole."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from modelserver.lifecycle import base_path, model_config
from modelserver.lifecycle.manager import Failure, Manager
from modelserver.lifecycle.registry import Registry
from modelserver.lifecycle.versions import State
from modelserver.status import Code, ServingError


class ActiveConfig:
    """Applies ModelServerConfigs, one at a time.

    ``registry`` stores the labels and ``manager`` loads the models. ``allow_new_labels`` permits a
    label for a version that is not available, unless the label already points to another version.
    ``in_force`` is the last ModelServerConfig that was not rejected; ``None`` if there is none.
    """

    def __init__(
        self, registry: Registry, manager: Manager, allow_new_labels: bool = False
    ) -> None:
        self._registry = registry
        self._manager = manager
        self._allow_new_labels = allow_new_labels
        self._lock = threading.Lock()
        self._models: list[Any] = []
        self.in_force: Any = None

    def apply(self, config: Any) -> list[Failure]:
        """Apply a ModelServerConfig and wait until its new models have loaded.

        Return the new models that have no version that loads. Raise ``ServingError`` if the config
        is rejected; nothing has changed then.
        """
        with self._lock:
            models = model_config.models(config, self._models)
            for model in models:
                base_path.check_any(model.name, model.base_path)
            labels = model_config.labels(models)
            self._check_labels(labels)
            known = {model.name for model in self._models}
            self._registry.set_labels(labels)
            self._manager.configure(models)
            self._models = list(models)
            self.in_force = config
        return self._manager.wait_until_loaded(
            model.name for model in models if model.name not in known
        )

    def apply_file(self, config: Any) -> list[Failure]:
        """Apply the content of a config file, as ``apply`` does.

        An empty file changes nothing, as in TensorFlow Serving. Once models are configured, it is
        rejected, because it may be a file that is still being written.
        """
        if not model_config.is_empty(config):
            return self.apply(config)
        if self._models:
            raise ServingError(
                Code.FAILED_PRECONDITION,
                "the file is empty; to unload all models, write: model_config_list {}",
            )
        return []

    def _check_labels(self, labels: Mapping[str, Mapping[str, int]]) -> None:
        for name, of_model in labels.items():
            available = {
                status.number
                for status in self._registry.peek(name)
                if status.state is State.AVAILABLE
            }
            for label, number in of_model.items():
                if number not in available and not self._may_be_new(name, label, number):
                    raise ServingError(
                        Code.FAILED_PRECONDITION,
                        f"Request to assign label to version {number} of model {name}, "
                        "which is not currently available for inference",
                    )

    def _may_be_new(self, name: str, label: str, number: int) -> bool:
        return self._allow_new_labels and self._registry.label(name, label) in (None, number)


def unavailable(failures: Sequence[Failure]) -> ServingError:
    """Return the error for new models that did not load, worded as in TensorFlow Serving."""
    parts = [
        f"{{{{name: {failure.name} version: {number}}} due to error: {error}}}, "
        for failure in failures
        for number, error in failure.errors
    ]
    parts += [
        f"{{{{name: {failure.name}}} due to error: {nothing_selected(failure)}}}, "
        for failure in failures
        if not failure.errors
    ]
    return ServingError(
        Code.UNKNOWN, f"{len(failures)} model(s) did not become available: {{{''.join(parts)}}}"
    )


def nothing_selected(failure: Failure) -> ServingError:
    """Return why a model has no version although none failed to load."""
    if not failure.base_path:
        reason = f"meanwhile, {failure.name} was removed by another config"
        return ServingError(Code.ABORTED, reason)
    try:
        base_path.check_any(failure.name, failure.base_path)
    except ServingError as error:
        return error
    versions = ", ".join(map(str, sorted(base_path.scan(failure.base_path))))
    return ServingError(
        Code.NOT_FOUND,
        f"nothing to serve as {failure.name}: model_version_policy selects none of the versions in "
        f"{failure.base_path}: {versions}",
    )
