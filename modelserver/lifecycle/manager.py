"""Watches base paths, loads what is wanted, unloads what is not.

One thread decides, loads happen on threads of their own, and no thread that answers calls ever
waits for either. The deciding thread sleeps until the next poll or retry, or until it is woken by
a finished load or a new configuration.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from modelserver.execution import completeness
from modelserver.execution.model import Model
from modelserver.lifecycle import base_path
from modelserver.lifecycle.registry import Registry
from modelserver.lifecycle.versions import State
from modelserver.lifecycle.watched_model import NEVER, WatchedModel
from modelserver.options.components import ManagerOptions
from modelserver.status import Code, ServingError

_log = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """A version that may be called, and the seconds that it took to get there."""

    model: Model
    load_s: float
    warm_up_s: float


class Failure(NamedTuple):
    """A model without a version: nothing found on disk, or the loads that failed."""

    name: str
    base_path: str
    errors: list[tuple[int, ServingError]]


class Manager:
    """Keeps a `Registry` in step with the disk.

    Args:
        registry: the table that calls read.
        load: loads and warms up one version: (model name, number, directory) -> Loaded. Called
            on a thread of its own; raises ServingError.
        options: times and bounds.
    """

    def __init__(
        self,
        registry: Registry,
        load: Callable[[str, int, str], Loaded],
        options: ManagerOptions,
    ) -> None:
        self._registry = registry
        self._load_version = load
        self._options = options
        self._watched: dict[str, WatchedModel] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._missing = ""
        self._next_poll = 0.0
        self._loads = ThreadPoolExecutor(options.load_threads, thread_name_prefix="load")
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more. Loads under way are not waited for."""
        self._stopping = True
        self._wake.set()
        self._loads.shutdown(wait=False, cancel_futures=True)

    def configure(self, models: Iterable[Any]) -> None:
        """Replace the models that are watched. Those that are gone will be unloaded.

        Args:
            models: ModelConfig messages: name, base_path, model_version_policy.
        """
        with self._lock:
            given = {model.name: model for model in models}
            for name, watched in self._watched.items():
                watched.removed = name not in given
            for name, model in given.items():
                watched = self._watched.setdefault(name, WatchedModel(name))
                watched.base_path = model.base_path
                watched.policy = model.model_version_policy
                watched.settled = False
            self._next_poll = 0.0
        self._wake.set()

    def wait_until_loaded(self, names: Iterable[str]) -> list[Failure]:
        """Wait until each model has a version that answers, or nothing left to try.

        Returns:
            The models that have none; empty when all is well.
        """
        names = list(names)
        self._registry.wait_for(
            lambda: all(self._available(name) or self._settled(name) for name in names)
        )
        return [self._failure(name) for name in names if not self._available(name)]

    def _available(self, name: str) -> bool:
        return any(status.state is State.AVAILABLE for status in self._registry.peek(name))

    def _settled(self, name: str) -> bool:
        watched = self._watched.get(name)
        return watched is None or watched.settled

    def _failure(self, name: str) -> Failure:
        errors = [(s.number, s.error) for s in self._registry.peek(name) if s.error is not None]
        watched = self._watched.get(name)
        return Failure(name, watched.base_path if watched else "", errors)

    # On the deciding thread.

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                with self._lock:
                    self._step()
            except Exception:
                _log.exception("looking after the models went wrong; going on")
            self._registry.touch()
            self._wake.wait(self._pause())

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None when only an event can bring it."""
        with self._lock:
            retries = [w.next_retry(self._options.max_retries) for w in self._watched.values()]
            due = min([self._next_poll, *retries])
        return None if due == NEVER else max(0.01, due - time.monotonic())

    def _step(self) -> None:
        now = time.monotonic()
        if now >= self._next_poll:
            self._next_poll = now + self._options.poll_s if self._options.poll_s > 0 else NEVER
            self._poll([watched for watched in self._watched.values() if not watched.removed])
        for watched in list(self._watched.values()):
            self._advance(watched, now)
            if watched.removed and watched.settled:
                del self._watched[watched.name]

    def _poll(self, present: list[WatchedModel]) -> None:
        """List all base paths. If one is missing, nothing is concluded from the others either."""
        try:
            found = [base_path.scan(watched.base_path) for watched in present]
        except base_path.BasePathMissing as error:
            known = any(watched.on_disk for watched in present)
            if known and str(error) != self._missing:
                _log.warning("base path %s; all models stay as they are", error)
            self._missing = str(error)
            return
        self._missing = ""
        for watched, on_disk in zip(present, found, strict=True):
            watched.found(on_disk)

    def _advance(self, watched: WatchedModel, now: float) -> None:
        name = watched.name
        plan = watched.plan(self._states(name), now, self._options.max_retries)
        for number in plan.unload:
            self._registry.close_to_calls(name, number)
            threading.Thread(target=self._unload, args=(name, number), daemon=True).start()
        for number in plan.load:
            last = watched.begin(number)
            self._registry.set_state(name, number, State.START, last)
            self._loads.submit(self._load, watched, number, watched.on_disk[number], last)
        resting = {State.AVAILABLE, State.END}
        watched.settled = all(state in resting for state in self._states(name).values())

    def _states(self, name: str) -> dict[int, State]:
        return {status.number: status.state for status in self._registry.peek(name)}

    # On threads of their own.

    def _load(
        self, watched: WatchedModel, number: int, path: str, last: ServingError | None
    ) -> None:
        """Load a version, and show the error of the last attempt until this one has ended."""
        name = watched.name
        self._registry.set_state(name, number, State.LOADING, last)
        looked_at = completeness.fingerprint(path)
        try:
            loaded = self._load_version(name, number, path)
        except Exception as error:
            self._load_failed(watched, number, _serving_error(error), looked_at)
        else:
            with self._lock:
                watched.attempts.pop(number, None)
            self._registry.set_state(name, number, State.AVAILABLE, model=loaded.model)
            times = f"load {loaded.load_s:.1f} s, warm-up {loaded.warm_up_s:.1f} s"
            _log.info("%s version %d: available (%s)", name, number, times)
        self._wake.set()

    def _load_failed(
        self,
        watched: WatchedModel,
        number: int,
        error: ServingError,
        looked_at: completeness.Fingerprint,
    ) -> None:
        retry_at = time.monotonic() + self._options.retry_s
        with self._lock:
            is_news = watched.failed(number, error, looked_at, retry_at)
        self._registry.set_state(watched.name, number, State.END, error=error)
        if is_news:
            _log.warning("%s version %d: not served: %s", watched.name, number, error.message)

    def _unload(self, name: str, number: int) -> None:
        model = self._registry.drain(name, number)
        if model is not None:
            model.close()
        self._registry.set_state(name, number, State.END)
        _log.info("%s version %d: unloaded", name, number)
        self._wake.set()


def _serving_error(error: Exception) -> ServingError:
    if isinstance(error, ServingError):
        return error
    _log.error("a load went wrong", exc_info=error)
    return ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}")
