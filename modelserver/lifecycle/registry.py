"""The table of models, versions and labels, with the number of calls that use each version.

Every call looks up its version here and holds a reference while it runs, so that a version is
closed only after its last call.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from modelserver.execution.model import Model
from modelserver.lifecycle.versions import State
from modelserver.status import Code, ServingError, invalid

MAX_ENDED = 100
"""Unloaded versions of a model that stay listed; a long-lived server sees many."""


class VersionStatus(NamedTuple):
    """A snapshot of one version. ``error`` is ``None`` if it is healthy; ``calls`` counts those in
    progress.
    """

    number: int
    state: State
    error: ServingError | None
    calls: int


@dataclass
class _Version:
    number: int
    state: State = State.START
    error: ServingError | None = None
    model: Model | None = None
    calls: int = 0


class Registry:
    """Versions by model and number. All methods are thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._models: dict[str, dict[int, _Version]] = {}
        self._labels: dict[str, dict[str, int]] = {}

    @contextmanager
    def acquire(self, spec: Any) -> Iterator[Model]:
        """Hold the version that a ModelSpec selects for the duration of a ``with`` block.

        Raise ``ServingError`` with INVALID_ARGUMENT for a missing name or an unknown label, and
        with NOT_FOUND for a version that is not available.
        """
        with self._changed:
            version = self._find(spec)
            version.calls += 1
            self._changed.notify_all()
            model = version.model
        assert model is not None
        try:
            yield model
        finally:
            with self._changed:
                version.calls -= 1
                self._changed.notify_all()

    def statuses(self, name: str, number: int | None = None) -> list[VersionStatus]:
        """Return a model's versions, newest first, or only the one with this number.

        Raise ``ServingError`` with NOT_FOUND if there are none.
        """
        listed = self.peek(name)
        if number is not None:
            listed = [status for status in listed if status.number == number]
        if listed:
            return listed
        if number is not None:
            raise ServingError(Code.NOT_FOUND, f"Could not find version {number} of model {name}")
        raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {name}")

    def peek(self, name: str) -> list[VersionStatus]:
        """Return all versions of a model, newest first; an empty list if there are none."""
        with self._changed:
            versions = self._models.get(name, {})
            return [
                VersionStatus(version.number, version.state, version.error, version.calls)
                for _, version in sorted(versions.items(), reverse=True)
            ]

    def set_labels(self, labels: Mapping[str, Mapping[str, int]]) -> None:
        """Replace all labels: model -> label -> version."""
        with self._changed:
            self._labels = {name: dict(of_model) for name, of_model in labels.items()}

    def label(self, name: str, label: str) -> int | None:
        """Return the version that a label points to, or ``None``."""
        with self._changed:
            return self._labels.get(name, {}).get(label)

    def set_state(
        self,
        name: str,
        number: int,
        state: State,
        error: ServingError | None = None,
        model: Model | None = None,
    ) -> None:
        """Record the state of a version, and wake waiting threads."""
        with self._changed:
            versions = self._models.setdefault(name, {})
            version = versions.setdefault(number, _Version(number))
            version.state, version.error, version.model = state, error, model
            _forget_oldest(versions)
            self._changed.notify_all()

    def close_to_calls(self, name: str, number: int) -> None:
        """Reject new calls to a version; those in progress keep it."""
        self.set_state(name, number, State.UNLOADING, model=self._models[name][number].model)

    def drain(self, name: str, number: int) -> Model | None:
        """Wait until a version's last call ends, and return its model."""
        with self._changed:
            version = self._models[name][number]
            self._changed.wait_for(lambda: not version.calls)
            model, version.model = version.model, None
            return model

    def wait_for(self, condition: Callable[[], bool], timeout_s: float | None = None) -> bool:
        """Wait until ``condition`` holds, checking it after each change. Return ``False`` on
        time-out.

        The condition may call only ``peek`` and ``label``.
        """
        with self._changed:
            return self._changed.wait_for(condition, timeout_s)

    def touch(self) -> None:
        """Wake waiting threads because something outside the table has changed."""
        with self._changed:
            self._changed.notify_all()

    def _find(self, spec: Any) -> _Version:
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        versions = self._models.get(spec.name, {})
        choice = spec.WhichOneof("version_choice")
        if choice is None:
            available = [n for n, version in versions.items() if version.state is State.AVAILABLE]
            if not available:
                raise _not_found(f"Latest({spec.name})")
            return versions[max(available)]
        number = spec.version.value if choice == "version" else self._labelled(spec)
        version = versions.get(number)
        if version is None or version.state is not State.AVAILABLE:
            raise _not_found(f"Specific({spec.name}, {number})")
        return version

    def _labelled(self, spec: Any) -> int:
        number = self._labels.get(spec.name, {}).get(spec.version_label)
        if number is None:
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        return number


def _not_found(request: str) -> ServingError:
    return ServingError(Code.NOT_FOUND, f"Servable not found for request: {request}")


def _forget_oldest(versions: dict[int, _Version]) -> None:
    ended = sorted(number for number, version in versions.items() if version.state is State.END)
    for number in ended[:-MAX_ENDED]:
        del versions[number]
