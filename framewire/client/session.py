"""A client's session, across reconnections. Pure: no clock, no socket; ``now`` is an argument.

What its caller must do: report what happens (``connecting``, ``opened``, ``received``, ``lost``,
``offer``, ``configure``), and after each of these carry out ``next_action`` until that is
:class:`Sleep`. The connection is to be given up if nothing arrives until ``give_up_at``.

States::

    closed        not opened yet, or closed by the caller
    connecting    opening a connection, or waiting for the gateway's welcome
    waiting       connected, but no model answers; ``problem`` says why, if the gateway did
    ready         frames get results
    draining      the gateway is about to go away; outcomes still arrive
    reconnecting  the connection is lost, and another attempt follows
    refused       the gateway rejected this client; ``refusal`` says why

Times are in monotonic seconds.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from framewire.client import messages
from framewire.client.actions import Action, Encode, RenewToken, Send, Sleep
from framewire.client.backoff import Backoff
from framewire.client.errors import Refused
from framewire.client.messages import Encoded, Model, Problem, Welcome
from framewire.client.options import Options
from framewire.client.outcomes import Dropped, Failed, Outcome
from framewire.client.statistics import Counts, Statistics
from framewire.client.window import Frame, Window

State = Literal["closed", "connecting", "waiting", "ready", "draining", "reconnecting", "refused"]

WELCOME_TIMEOUT_S = 10.0
MISSED_HEARTBEATS = 3
CONFIGURE_INTERVAL_S = 0.15  # the gateway allows ten a second
RENEW_AT = 0.8  # of a token's lifetime
SOONEST_RENEWAL_S = 1.0  # a caller's token may be one that is kept until it expires
RENEW_AGAIN_S = 5.0
TRY_LATER = {"backend_unavailable", "overloaded", "rate_limited"}


class Session:
    """One client's session. ``renewable``: tokens can be replaced by newer ones."""

    def __init__(self, options: Options, backoff: Backoff, client: str, renewable: bool) -> None:
        self.state: State = "closed"
        self.options = options
        self.model: Model | None = None
        self.welcome: Welcome | None = None
        self.problem: Problem | None = None
        self.refusal: Refused | None = None
        self.give_up_at = math.inf
        self._client = client
        self._backoff = backoff
        self._renewable = renewable
        self._counts = Counts()
        self._window = Window(self._settle)
        self._outbox: deque[dict[str, Any]] = deque()
        self._changes: dict[str, Any] = {}
        self._configure_at = -math.inf
        self._ping_at = math.inf
        self._renew_at = math.inf

    # The connection

    def connecting(self) -> None:
        """A connection is being opened."""
        self.state = "connecting"
        self.refusal = None

    def opened(self, now: float, token: str | None) -> None:
        """A connection is open: say hello."""
        self.give_up_at = now + WELCOME_TIMEOUT_S
        self._window.pacing.advise(now, None)
        self._changes.clear()
        fields = {"client": self._client, **self.options.message()}
        self._outbox.append({"type": "hello", **fields, **({"token": token} if token else {})})

    def lost(self, now: float, refusal: Refused | None, retry_after_s: float | None) -> float:
        """The connection is gone, or could not be opened.

        Returns the seconds to wait before the next attempt. If the state is ``refused`` then,
        there is to be none.
        """
        if retry_after_s is not None:
            self._backoff.request(retry_after_s)
        fatal = self.refusal and not (self._renewable and self.welcome)
        self._disconnect()
        self.refusal = refusal or (self.refusal if fatal else None)
        self.state = "refused" if self.refusal else "reconnecting"
        return self._backoff.wait_s(now)

    def close(self) -> None:
        """End the session, by the caller's wish."""
        self._disconnect()
        self.state = "closed"

    def _disconnect(self) -> None:
        self.model = self.welcome = self.problem = None
        self._outbox.clear()
        self._ping_at = self._renew_at = self.give_up_at = math.inf
        self._window.disconnect()

    # The caller

    def configure(self, changes: dict[str, Any]) -> None:
        """Change options, for this connection and later ones. Raises like :class:`Options`."""
        self.options = self.options.changed(changes)
        if {"model", "label", "version"} & changes.keys():
            self._changes.pop("label", None)
            self._changes.pop("version", None)
            self.problem = None
        message = self.options.message()
        self._changes.update({name: message[name] for name in changes if name in message})

    def frame_seen(self, now: float) -> None:
        """The source had a frame, whether or not it will be offered."""
        self._window.pacing.frame_seen(now)

    def offer(self, frame: Frame) -> None:
        """Send a frame as soon as possible. It replaces one that could not be sent yet."""
        self._counts.offered += 1
        if self.state == "ready":
            self._window.offer(frame)
        else:
            self._settle(frame, self._unready(frame))

    def room_s(self, now: float) -> float | None:
        """Return the seconds until a frame offered then would be dealt with at once.

        None: not before something happens.
        """
        return 0.0 if self.hopeless else self._window.room_s(now)

    @property
    def hopeless(self) -> bool:
        """Whether frames fail for a reason that no waiting is likely to change."""
        return self.problem is not None and not self.problem.retryable

    @property
    def rejected(self) -> bool:
        """Whether the gateway rejected the hello, which makes the connection useless."""
        return self.refusal is not None and self.welcome is None

    def statistics(self) -> Statistics:
        """Return a snapshot."""
        pacing = self._window.pacing
        trip_s = pacing.trip_s()
        return Statistics(
            state=self.state,
            offered=self._counts.offered,
            sent=self._window.sent,
            results=self._counts.results,
            dropped=dict(self._counts.dropped),
            failed=dict(self._counts.failed),
            outstanding=self._window.outstanding,
            limit=self._window.limit(),
            source_frames_per_s=pacing.rate(),
            round_trip_ms=None if trip_s is None else 1000 * trip_s,
        )

    # What to do next

    def next_action(self, now: float) -> Action:
        """Return what to do now. Every call is to be carried out before the next one."""
        if message := self._next_message(now):
            self._ping_at = now + self._heartbeat_s()
            return Send(message)
        if now >= self._renew_at:
            self._renew_at = math.inf
            return RenewToken()
        due_s = self._window.due_s(now)
        if due_s == 0 and self.model and self.welcome:
            return Encode(self._window.take(), self.model, self.welcome.limits)
        times = [self._ping_at, self._renew_at]
        if due_s is not None:
            times.append(now + due_s)
        if self._changes and self.welcome:
            times.append(self._configure_at)
        return Sleep(max(0.0, min(times) - now))

    def transmit(self, now: float, frame: Frame, encoded: Encoded) -> dict[str, Any] | None:
        """Return the message for a frame that was encoded; None if it is no longer to be sent."""
        if not self._window.encoded(frame) or self.welcome is None:
            return None
        limit = self.welcome.limits.max_frame_bytes
        if len(encoded.data) > limit:
            text = f"the picture has {len(encoded.data)} bytes; the gateway's limit is {limit}"
            self._settle(frame, Failed(frame.picture, "frame_too_large", text, False))
            return None
        self._ping_at = now + self._heartbeat_s()
        fields = encoded.message()
        if self.options.tracks:
            fields["captured_at"] = 1000 * frame.offered_at
        return {"type": "frame", "id": self._window.assign(now, frame), **fields}

    def unusable(self, frame: Frame, reason: str) -> None:
        """A frame could not be read or encoded."""
        if self._window.encoded(frame):
            self._settle(frame, Failed(frame.picture, "bad_picture", reason, False))

    def renewed(self, token: str) -> None:
        """Another token is there: extend the session with it."""
        self._outbox.append({"type": "configure", "token": token})

    def not_renewed(self, now: float) -> None:
        """No other token could be had: try again shortly."""
        self._renew_at = now + RENEW_AGAIN_S

    def _next_message(self, now: float) -> dict[str, Any] | None:
        if self._outbox:
            return self._outbox.popleft()
        if self._changes and self.welcome and now >= self._configure_at:
            changes, self._changes = self._changes, {}
            self._configure_at = now + CONFIGURE_INTERVAL_S
            return {"type": "configure", **changes}
        return {"type": "ping"} if now >= self._ping_at else None

    def _heartbeat_s(self) -> float:
        return (self.welcome.heartbeat_s if self.welcome else 0) or math.inf

    # The gateway

    def received(self, now: float, message: Mapping[str, Any]) -> None:
        """A message arrived.

        Unknown types are ignored. Raises AttributeError, KeyError, TypeError or ValueError if a
        field is missing or wrong.
        """
        if self.welcome:
            self.give_up_at = now + MISSED_HEARTBEATS * self._heartbeat_s()
        reaction = _REACTIONS.get(message["type"])
        if reaction is not None:
            reaction(self, now, message)

    def _welcomed(self, now: float, message: Mapping[str, Any]) -> None:
        self.welcome = messages.welcome(message)
        self._backoff.welcomed(now)
        self._ping_at = now + self._heartbeat_s()
        self.give_up_at = now + MISSED_HEARTBEATS * self._heartbeat_s()
        self._expires(now, self.welcome.expires_in_s)
        self._use(self.welcome.model)

    def _model_changed(self, now: float, message: Mapping[str, Any]) -> None:
        self._use(messages.model(message["model"]))

    def _use(self, model: Model | None) -> None:
        self.model = model
        self._window.pacing.restart()
        if self.state == "draining" or self.welcome is None:
            return
        self.state = "ready" if model else "waiting"
        if model is None:
            self._window.suspend()
        else:
            self.problem = None
            self._window.resume(self.welcome.limits)

    def _result(self, now: float, message: Mapping[str, Any]) -> None:
        entry = self._window.sent_frame(message["id"])
        if entry is None:
            return
        frame, sent_at = entry
        labels = self.model.labels if self.model else ()
        times = 1000 * (now - frame.offered_at), 1000 * (now - sent_at)
        # A result that cannot be parsed is no outcome.
        result = messages.result(message, labels, frame.picture, *times)
        self._window.pop(message["id"])
        self._window.pacing.answered(now, now - sent_at)
        self._settle(frame, result)

    def _dropped(self, now: float, message: Mapping[str, Any]) -> None:
        if message["reason"] in TRY_LATER:
            self._window.pacing.failed(now)
        if frame := self._window.pop(message["id"]):
            self._settle(frame, Dropped(frame.picture, message["reason"]))

    def _error(self, now: float, message: Mapping[str, Any]) -> None:
        code, text, retryable = message["code"], message["message"], message["retryable"]
        if code in TRY_LATER:
            self._window.pacing.failed(now)
        if "id" not in message:
            return self._session_error(Problem(code, text, retryable))
        if frame := self._window.pop(message["id"]):
            self._settle(frame, Failed(frame.picture, code, text, retryable))
        return None

    def _session_error(self, problem: Problem) -> None:
        # The gateway closes the connection after these, at once or when the token expires.
        rejected = self.welcome is None and not problem.retryable
        if rejected or problem.code == "unauthorized":
            self.refusal = Refused(problem.code, problem.message)
        elif self.state == "waiting":
            self.problem = problem

    def _authorized(self, now: float, message: Mapping[str, Any]) -> None:
        self._expires(now, message["expires_in_s"])

    def _expires(self, now: float, seconds: float | None) -> None:
        if seconds is not None and self._renewable:
            self._renew_at = now + max(SOONEST_RENEWAL_S, RENEW_AT * seconds)

    def _pace(self, now: float, message: Mapping[str, Any]) -> None:
        self._window.pacing.advise(now, message.get("frames_per_s"))

    def _going_away(self, now: float, message: Mapping[str, Any]) -> None:
        self._backoff.request(message["reconnect_after_ms"] / 1000)
        self.state = "draining"
        self._window.suspend()

    # Outcomes

    def _unready(self, frame: Frame) -> Outcome:
        if self.problem is None:
            return Dropped(frame.picture, "not_ready")
        problem = self.problem
        return Failed(frame.picture, problem.code, problem.message, problem.retryable)

    def _settle(self, frame: Frame, outcome: Outcome) -> None:
        self._counts.add(outcome)
        frame.settle(outcome)


_REACTIONS = {
    "welcome": Session._welcomed,
    "result": Session._result,
    "dropped": Session._dropped,
    "error": Session._error,
    "model_changed": Session._model_changed,
    "authorized": Session._authorized,
    "pace": Session._pace,
    "going_away": Session._going_away,
}
