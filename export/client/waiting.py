"""Waits until a model server can answer with a version, or says why it cannot."""

from __future__ import annotations

import time
from collections.abc import Callable

from export.client.model_server import AVAILABLE, END, ModelServer, Status
from export.errors import ReleaseError

Progress = Callable[[str, int, int, str], None]

_POLL_S = 0.1
# Model servers look at the disk every now and then, TensorFlow Serving once a second.
_APPEAR_S = 60.0
# An END that was there before may be shown until the server has taken note.
_SETTLE_S = 5.0
_STEPS = {"START": 1, "LOADING": 2, AVAILABLE: 3}


class Waiting:
    """For a version of a model to become AVAILABLE.

    before: its status before the server was asked to load it, None if it was unknown.
    """

    def __init__(self, model: str, number: int, before: Status | None, timeout_s: float) -> None:
        self._model = model
        self._number = number
        self._before = before
        self._timeout_s = timeout_s
        self._moved = False

    def wait(self, server: ModelServer, progress: Progress) -> None:
        """Returns once the version is AVAILABLE.

        Raises ReleaseError if it does not load, with the server's words, or not in time.
        """
        began = time.monotonic()
        while True:
            status = server.statuses(self._model).get(self._number)
            waited_s = time.monotonic() - began
            self._show(status, progress)
            if status is not None and status.state == AVAILABLE:
                return
            self._check(status, waited_s)
            time.sleep(_POLL_S)

    def _show(self, status: Status | None, progress: Progress) -> None:
        state = status.state if status else "not seen yet"
        progress(f"version {self._number}", _STEPS.get(state, 0), 3, state)

    def _check(self, status: Status | None, waited_s: float) -> None:
        what = f"version {self._number} of {self._model}"
        self._moved = self._moved or (status != self._before)
        if status is not None and status.state == END and status.error:
            if self._moved or waited_s > _SETTLE_S:
                raise ReleaseError(f"{what} does not load: {status.error}")
        elif (status is None or status.state == END) and waited_s > _APPEAR_S:
            raise ReleaseError(
                f"the model server did not begin to load {what} within {_APPEAR_S:.0f} s; "
                "does it see the same folder?"
            )
        if waited_s > self._timeout_s:
            state = status.state if status else "unknown to the server"
            raise ReleaseError(f"{what} is still {state} after {self._timeout_s:g} s")
