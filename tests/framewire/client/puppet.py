"""A session whose clock, messages and connection the test controls."""

from __future__ import annotations

from typing import Any

from framewire.client.actions import Action, Encode, Send, Sleep
from framewire.client.backoff import Backoff
from framewire.client.messages import Encoded
from framewire.client.options import Options
from framewire.client.outcomes import Outcome
from framewire.client.session import Session
from framewire.client.window import Frame

MODEL = {
    "name": "digits",
    "version": 1,
    "label": "stable",
    "task": "detection",
    "labels": ["zero", "one"],
    "formats": ["jpeg", "rgb"],
    "width": 192,
    "height": 192,
    "resize": "stretch",
}
LIMITS = {"window": 4, "max_frame_bytes": 1000, "max_pixels": 10**6, "max_staleness_ms": 500}
WELCOME = {
    "type": "welcome",
    "protocol": "framewire.v1",
    "session": "s1",
    "model": MODEL,
    "limits": LIMITS,
    "heartbeat_s": 10,
}
TIMING = {"queue": 1.0, "inference": 2.0, "total": 3.0}
RESULT = {
    "type": "result",
    "model_version": 1,
    "batch": 2,
    "timing_ms": TIMING,
    "boxes": [[0.1, 0.2, 0.3, 0.4]],
    "scores": [0.9],
    "classes": [1],
}


class Puppet:
    """A session, the messages it sends, and the outcomes of each picture."""

    def __init__(self, renewable: bool = False, **options: Any) -> None:
        backoff = Backoff(lambda: 0.5)
        self.session = Session(Options(**options), backoff, "test", renewable)
        self.now = 100.0
        self.sent: list[dict[str, Any]] = []
        self.outcomes: dict[str, list[Outcome]] = {}

    def connect(self, token: str | None = None) -> Puppet:
        """Open a connection, up to the hello."""
        self.session.connecting()
        self.session.opened(self.now, token)
        self.run()
        return self

    def ready(self, **fields: Any) -> Puppet:
        """Open a session."""
        self.connect()
        self.receive({**WELCOME, **fields})
        return self

    def receive(self, message: dict[str, Any]) -> None:
        self.session.received(self.now, message)
        self.run()

    def offer(self, *pictures: str) -> None:
        for picture in pictures:
            outcomes = self.outcomes.setdefault(picture, [])
            self.session.offer(Frame(picture, self.now, outcomes.append))
            self.run()

    def answer(self, frame_id: int, **fields: Any) -> None:
        self.receive({**RESULT, "id": frame_id, **fields})

    def lose(self) -> float:
        """Lose the connection. Returns the wait before the next attempt."""
        return self.session.lost(self.now, None, None)

    def run(self) -> Action:
        """Carry out what the session asks for, until it sleeps."""
        while True:
            action = self.session.next_action(self.now)
            if isinstance(action, Send):
                self.sent.append(action.message)
            elif isinstance(action, Encode):
                data = Encoded("jpeg", str(action.frame.picture).encode())
                if message := self.session.transmit(self.now, action.frame, data):
                    self.sent.append(message)
            else:
                return action

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        self.run()

    def sleep_s(self) -> float:
        action = self.run()
        assert isinstance(action, Sleep)
        return action.seconds

    def frames(self) -> list[str]:
        """The pictures sent, in order."""
        return [m["data"].decode() for m in self.sent if m["type"] == "frame"]

    def outcome(self, picture: str) -> Outcome:
        """The picture's one outcome."""
        [outcome] = self.outcomes[picture]
        return outcome
