"""Records what a client sends and receives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from framewire.recording.clock import since_1970
from framewire.recording.recorder import Recorder
from framewire.recording.records import PRIVATE, RecordedFrame, RecordedSession


class Tap:
    """Watches the messages of one connection after another, and records each frame once.

    ``clock`` returns monotonic seconds.
    """

    def __init__(self, recorder: Recorder, clock: Callable[[], float] = time.monotonic) -> None:
        self._recorder = recorder
        self._clock = clock
        self._session = RecordedSession("")
        self._waiting: dict[int, tuple[float, Mapping[str, Any]]] = {}

    def sent(self, message: Mapping[str, Any]) -> None:
        """A message is being sent."""
        kind = message["type"]
        if kind == "frame":
            self._waiting[message["id"]] = self._clock(), message
        elif kind in ("hello", "configure"):
            options = {name: value for name, value in message.items() if name not in PRIVATE}
            before = self._session.options if kind == "configure" else {}
            self._session = RecordedSession(
                self._session.id, {**before, **options}, self._session.model
            )

    def received(self, message: Mapping[str, Any]) -> None:
        """A message has arrived."""
        kind = message.get("type")
        if kind in ("welcome", "model_changed"):
            name = str(message.get("session", self._session.id))
            self._session = RecordedSession(name, self._session.options, message.get("model"))
        elif kind in ("result", "dropped", "error"):
            entry = self._waiting.pop(message.get("id", -1), None)
            if entry is not None:
                self._record(*entry, message)

    def lost(self) -> None:
        """The connection is gone: frames without an outcome will get none."""
        for at, message in self._waiting.values():
            self._record(at, message, None)
        self._waiting.clear()

    def _record(
        self, at: float, message: Mapping[str, Any], outcome: Mapping[str, Any] | None
    ) -> None:
        after_ms = None if outcome is None else round((self._clock() - at) * 1000, 2)
        frame = RecordedFrame(self._session, since_1970(at), message, outcome, after_ms)
        self._recorder.add(len(message["data"]), lambda: frame)
