"""A session: what each message and each outcome leads to.

Theory of operation. A session is born when its socket opens and lives through
the states of ``_REACTIONS`` below: NEW until ``hello``, then OPEN, DRAINING once
the gateway is about to stop, EXPIRED for a moment when its token has run out and
no other came, CLOSED at the end. ``receive`` takes a message and
returns effects, and the caller carries them out in order:

* ``Send``: this message goes to the client;
* ``Select``: find this model, then tell ``model_is`` what came of it;
* ``Offer``: this frame is accepted; it goes to the batcher, and whatever becomes
  of it comes back through ``resolve``;
* ``Close``: end the socket.

A frame is accepted when its id is larger than every id before it. From then on it
is ``pending`` until ``resolve`` is called with its outcome, once. The batcher
bounds how many are pending; a session only counts them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from server.core.admission import EXPIRED, LAST_ANSWERS_S, UNAUTHORIZED, Admission
from server.core.effects import Close, Effect, Expire, Offer, Select, Send
from server.core.errors import (
    BackendUnavailable,
    BadId,
    BadMessage,
    FramewireError,
    HelloRequired,
    ProtocolError,
    Unauthorized,
    UnsupportedFormat,
)
from server.core.messages import (
    Authorized,
    ClientMessage,
    Configure,
    Dropped,
    Frame,
    GoingAway,
    Hello,
    Limits,
    ModelChanged,
    Options,
    Outcome,
    Ping,
    Pong,
    Result,
    Welcome,
    error_message,
)
from server.core.model import Lane, Model, ModelKey
from server.core.rate import RateLimit

# So many unusable messages without a usable one between them end the session.
MAX_REFUSALS_IN_A_ROW = 50
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class State(enum.Enum):
    """Where a session stands."""

    NEW = enum.auto()
    OPEN = enum.auto()
    DRAINING = enum.auto()
    EXPIRED = enum.auto()
    CLOSED = enum.auto()


class Session:
    """One session's state. Pure: see the module's theory of operation."""

    def __init__(
        self,
        session_id: str,
        limits: Limits,
        heartbeat_s: float,
        default_model: ModelKey,
        rate: RateLimit | None = None,
        admission: Admission | None = None,
    ) -> None:
        self.id = session_id
        self.state = State.NEW
        self.key = default_model
        self.client: str | None = None
        self.min_score = 0.0
        self.max_results: int | None = None
        self.pending: set[int] = set()
        self.accepted = 0
        self._limits = limits
        self._heartbeat_s = heartbeat_s
        self._rate = rate
        self._admission = admission or Admission(None)
        self._expires_in_s: int | None = None
        self._default_model = default_model
        self._welcomed = False
        self._found: Model | FramewireError = _unknown_yet(default_model)
        self._told_model: Model | None = None
        self._last_id = -1
        self._last_result = -1
        self._refusals = 0

    def receive(self, message: ClientMessage, now: float) -> list[Effect]:
        """React to a decoded message at ``now`` (monotonic seconds)."""
        reaction = _REACTIONS.get((self.state, type(message)))
        if reaction is None:
            frame_id = message.id if isinstance(message, Frame) else None
            return self.refuse(_misplaced(self.state, message), frame_id)
        if isinstance(message, Frame) and not self._accept(message.id):
            return self.refuse(BadId(f"id {message.id} does not come after {self._last_id}"))
        self._refusals = 0
        return reaction(self, message, now)

    def refuse(self, error: FramewireError, frame_id: int | None = None) -> list[Effect]:
        """React to a message that cannot be used; the error is the frame's outcome if it is new."""
        if self.state is State.CLOSED:
            return []
        accepted = frame_id is not None and self._accept(frame_id)
        effects: list[Effect] = [Send(error_message(error, frame_id if accepted else None))]
        if isinstance(error, ProtocolError):
            self._refusals += 1
            if self._refusals >= MAX_REFUSALS_IN_A_ROW:
                effects.append(Close(POLICY_VIOLATION, "too many unusable messages"))
        return effects

    def update_model(self, found: Model | FramewireError) -> list[Effect]:
        """What is now known of the session's model: itself, or why there is none.

        That no model server answers is said by a model of None alone; any other
        reason for having none is also told as an error.
        """
        before, self._found = self._found, found
        model = found if isinstance(found, Model) else None
        effects: list[Effect] = []
        if not self._welcomed:
            self._welcomed = True
            heartbeat, expires = self._heartbeat_s, self._expires_in_s
            effects.append(Send(Welcome(self.id, model, self._limits, heartbeat, expires)))
        elif model != self._told_model:
            effects.append(Send(ModelChanged(model)))
        self._told_model = model
        if isinstance(found, FramewireError) and not isinstance(found, BackendUnavailable):
            same = isinstance(before, FramewireError) and before.message == found.message
            if not same:
                effects.append(Send(error_message(found)))
        return effects

    def lane(self, frame_format: str) -> Lane | None:
        """Where a frame of this format would travel now, if its model is there and takes it."""
        found = self._found
        return found.lanes.get(frame_format) if isinstance(found, Model) else None

    def resolve(self, outcome: Outcome) -> Outcome:
        """A pending frame's outcome, as the client is to be told of it.

        Results leave in increasing id; one that a newer result has overtaken is dropped.
        """
        assert outcome.id is not None
        self.pending.remove(outcome.id)
        if isinstance(outcome, Result):
            if outcome.id < self._last_result:
                return Dropped(outcome.id, "overtaken")
            self._last_result = outcome.id
            if self.min_score > 0 or self.max_results is not None:
                wanted = outcome.answer.limited(self.min_score, self.max_results)
                return replace(outcome, answer=wanted)
        return outcome

    def expire(self, now: float) -> list[Effect]:
        """The time of ``Expire`` has come: say so, and end the session a moment later.

        The moment is for the frames under way, and for a client that has a new token at hand.
        """
        if self.state is State.EXPIRED:
            return [Close(UNAUTHORIZED, EXPIRED)]
        if self.state is not State.OPEN or not self._admission.over(now):
            return self._ends()
        self.state = State.EXPIRED
        return [Send(error_message(Unauthorized(EXPIRED))), Expire(now + LAST_ANSWERS_S)]

    def drain(self, reconnect_after_ms: int, reason: str) -> list[Effect]:
        """From now on frames are dropped: the gateway is about to stop."""
        if self.state not in (State.NEW, State.OPEN):
            return []
        self.state = State.DRAINING
        return [Send(GoingAway(reconnect_after_ms, reason))]

    def close(self) -> None:
        """The socket is gone. What is pending is nobody's any more."""
        self.state = State.CLOSED

    # Reactions, each for one cell of the table.

    def _hello(self, message: Hello, now: float) -> list[Effect]:
        try:
            self._admission.enter(message.options.token, now)
        except Unauthorized as error:
            self.state = State.CLOSED
            return [Send(error_message(error)), Close(UNAUTHORIZED, error.message)]
        self._expires_in_s = self._admission.left_s(now)
        self.state = State.OPEN
        self._apply(message.options)
        return [*self._ends(), Select(self.key)]

    def _configure(self, message: Configure, now: float) -> list[Effect]:
        try:
            effects = self._renew(message.options.token, now)
        except Unauthorized as error:
            return [Send(error_message(error))]
        before = self.key
        self._apply(message.options)
        if self.key == before:
            return effects
        # From here on no frame goes to the model before, however long the look-up takes.
        self._found = _unknown_yet(self.key)
        return [*effects, Select(self.key)]

    def _renew(self, token: str | None, now: float) -> list[Effect]:
        if token is None and self.state is State.EXPIRED:
            raise Unauthorized(EXPIRED)
        if token is None or not self._admission.asks:
            return []
        self._admission.renew(token, now)
        self.state = State.OPEN
        return [Send(Authorized(self._admission.left_s(now) or 0)), *self._ends()]

    def _ends(self) -> list[Effect]:
        until = self._admission.until
        return [] if until is None or self.state is not State.OPEN else [Expire(until)]

    def _frame(self, frame: Frame, now: float) -> list[Effect]:
        if self._rate is not None and not self._rate.allows(now):
            return [Send(Dropped(frame.id, "rate_limited"))]
        if isinstance(self._found, FramewireError):
            return [Send(error_message(self._found, frame.id))]
        lane = self._found.lanes.get(frame.format)
        if lane is None:
            takes = ", ".join(self._found.formats)
            error = UnsupportedFormat(f"model {self.key} takes {takes}, not {frame.format}")
            return [Send(error_message(error, frame.id))]
        self.pending.add(frame.id)
        return [Offer(frame, lane)]

    def _late_frame(self, frame: Frame, now: float) -> list[Effect]:
        return [Send(Dropped(frame.id, "draining"))]

    def _expired_frame(self, frame: Frame, now: float) -> list[Effect]:
        return [Send(error_message(Unauthorized(EXPIRED), frame.id))]

    def _ping(self, message: Ping, now: float) -> list[Effect]:
        return [Send(Pong(message.t))]

    def _nothing(self, message: ClientMessage, now: float) -> list[Effect]:
        return []

    def _accept(self, frame_id: int) -> bool:
        if self.state is State.NEW or frame_id <= self._last_id:
            return False
        self._last_id = frame_id
        self.accepted += 1
        return True

    def _apply(self, options: Options) -> None:
        if options.model or options.label or options.version is not None:
            key = ModelKey(options.model or self.key.name, options.label, options.version)
            default = self._default_model
            # To name the default model and no more is to name none.
            self.key = default if key == ModelKey(default.name) else key
        if options.min_score is not None:
            self.min_score = options.min_score
        if options.max_results is not None:
            self.max_results = options.max_results
        if options.client is not None:
            self.client = options.client


# Any: each reaction takes the one message that its cell names.
_Reaction = Callable[[Session, Any, float], list[Effect]]

_REACTIONS: dict[tuple[State, type], _Reaction] = {
    (State.NEW, Hello): Session._hello,
    (State.NEW, Ping): Session._ping,
    (State.OPEN, Configure): Session._configure,
    (State.OPEN, Frame): Session._frame,
    (State.OPEN, Ping): Session._ping,
    (State.DRAINING, Hello): Session._nothing,
    (State.DRAINING, Configure): Session._nothing,
    (State.DRAINING, Frame): Session._late_frame,
    (State.DRAINING, Ping): Session._ping,
    (State.EXPIRED, Configure): Session._configure,
    (State.EXPIRED, Frame): Session._expired_frame,
    (State.EXPIRED, Ping): Session._ping,
}


def _unknown_yet(key: ModelKey) -> BackendUnavailable:
    return BackendUnavailable(f"model {key} is being looked up")


def _misplaced(state: State, message: ClientMessage) -> ProtocolError:
    if state is State.NEW:
        kind = type(message).__name__.lower()
        return HelloRequired(f"{kind} came before hello")
    return BadMessage("hello comes once, as the first message; use configure")
