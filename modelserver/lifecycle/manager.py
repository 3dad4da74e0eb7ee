"""Watches base paths, loads the versions that the config asks for, and unloads the others.

One thread decides. Each load runs on a thread of its own, and no thread that answers calls waits
for either. The deciding thread sleeps until the next poll or retry, or until a load ends or the
config changes.
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

log = logging.getLogger(__name__)


class Loaded(NamedTuple):
    """A version that is ready for calls, and how many seconds it took to load and warm up."""

    model: Model
    load_s: float
    warm_up_s: float


class Failure(NamedTuple):
    """A model without a version: nothing on disk, or loads that failed.

    ``base_path`` is empty if the model is no longer in the config.
    """

    name: str
    base_path: str
    errors: list[tuple[int, ServingError]]


class Manager:
    """Keeps a ``Registry`` in step with the disk.

    ``load`` loads and warms up a version on a thread of its own: (model name, number, directory) ->
    ``Loaded``. It raises ``ServingError``.
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
        """Start watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching. Do not wait for loads in progress."""
        self._stopping = True
        self._wake.set()
        self._loads.shutdown(wait=False, cancel_futures=True)

    def configure(self, models: Iterable[Any]) -> None:
        """Replace the watched models. Models that are no longer listed are unloaded.

        ``models`` are ModelConfigs, of which name, base_path and model_version_policy are used.
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
        """Wait until each model has an available version, or nothing left to try.

        Return the models that have no version.
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
        path = watched.base_path if watched and not watched.removed else ""
        return Failure(name, path, errors)

    # The deciding thread

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                with self._lock:
                    self._step()
            except Exception:
                log.exception("unexpected error while managing models; continuing")
            self._registry.touch()
            self._wake.wait(self._pause())

    def _pause(self) -> float | None:
        """Return the seconds until the next poll or retry; ``None`` to wait for an event."""
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
        """List all base paths. If one is missing, draw no conclusions about the others either."""
        try:
            versions = [base_path.scan(watched.base_path) for watched in present]
        except base_path.BasePathMissing as error:
            known = any(watched.on_disk for watched in present)
            if known and str(error) != self._missing:
                log.warning("base path %s; keeping all models as they are", error)
            self._missing = str(error)
            return
        self._missing = ""
        for watched, on_disk in zip(present, versions, strict=True):
            watched.update(on_disk)

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

    # Load and unload threads

    def _load(
        self, watched: WatchedModel, number: int, path: str, last: ServingError | None
    ) -> None:
        """Load a version. Until the load ends, keep showing the error of the last attempt."""
        name = watched.name
        self._registry.set_state(name, number, State.LOADING, last)
        before = completeness.fingerprint(path)
        try:
            loaded = self._load_version(name, number, path)
        except Exception as error:
            self._load_failed(watched, number, _serving_error(error), before)
        else:
            with self._lock:
                watched.attempts.pop(number, None)
            self._registry.set_state(name, number, State.AVAILABLE, model=loaded.model)
            times = f"load {loaded.load_s:.1f} s, warm-up {loaded.warm_up_s:.1f} s"
            log.info("%s version %d: available (%s)", name, number, times)
        self._wake.set()

    def _load_failed(
        self,
        watched: WatchedModel,
        number: int,
        error: ServingError,
        before: completeness.Fingerprint,
    ) -> None:
        retry_at = time.monotonic() + self._options.retry_s
        with self._lock:
            is_news = watched.failed(number, error, before, retry_at)
        self._registry.set_state(watched.name, number, State.END, error=error)
        if is_news:
            log.warning("%s version %d: not served: %s", watched.name, number, error.message)

    def _unload(self, name: str, number: int) -> None:
        model = self._registry.drain(name, number)
        if model is not None:
            model.close()
        self._registry.set_state(name, number, State.END)
        log.info("%s version %d: unloaded", name, number)
        self._wake.set()


def _serving_error(error: Exception) -> ServingError:
    if isinstance(error, ServingError):
        return error
    log.error("unexpected error during a load", exc_info=error)
    return ServingError(Code.INTERNAL, f"{type(error).__name__}: {error}")
