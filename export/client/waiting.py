"""Wait until a model server has loaded a version, or find out why it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable

from export.client.model_server import AVAILABLE, END, ModelServer, Status
from export.errors import ServerError

Progress = Callable[[str, int, int, str], None]
"""Called with a task, the steps done, the steps in all, and a note."""

_POLL_S = 0.05
# Model servers poll the file system; TensorFlow Serving does so once a second.
_APPEAR_S = 60.0
# An END from before the request may be reported until the server has noticed the request.
_SETTLE_S = 5.0
_STEPS = {"START": 1, "LOADING": 2, AVAILABLE: 3}


def _no_progress(task: str, done: int, total: int, note: str) -> None:
    """Show nothing."""


class Waiting:
    """Wait for a version of a model to become AVAILABLE.

    ``before`` is its status before the server was asked to load it, None if it was unknown.
    """

    def __init__(self, model: str, number: int, before: Status | None, timeout_s: float) -> None:
        self._model = model
        self._number = number
        self._before = before
        self._timeout_s = timeout_s
        self._changed = False

    def wait(self, server: ModelServer, progress: Progress = _no_progress) -> None:
        """Return once the version is AVAILABLE.

        Raise ``ServerError`` with the server's message if it fails to load, or on timeout.
        """
        began = time.monotonic()
        while True:
            status = server.statuses(self._model).get(self._number)
            waited_s = time.monotonic() - began
            self._show(status, progress)
            if status is not None and status.state == AVAILABLE:
                return
            self._check(status, waited_s, server.name)
            time.sleep(_POLL_S)

    def _show(self, status: Status | None, progress: Progress) -> None:
        state = status.state if status else "not seen yet"
        progress(f"version {self._number}", _STEPS.get(state, 0), 3, state)

    def _check(self, status: Status | None, waited_s: float, server: str) -> None:
        version = f"version {self._number} of {self._model}"
        self._changed = self._changed or (status != self._before)
        if status is not None and status.state == END and status.error:
            if self._changed or waited_s > _SETTLE_S:
                raise ServerError(f"{version} does not load: {status.error}")
        elif (status is None or status.state == END) and waited_s > _APPEAR_S:
            raise ServerError(
                f"{server} did not start to load {version} within {_APPEAR_S:.0f} s; check that it "
                "sees the same directory"
            )
        if waited_s > self._timeout_s:
            state = status.state if status else "unknown"
            raise ServerError(f"{version} is still {state} after {self._timeout_s:g} s on {server}")
