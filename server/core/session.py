"""A session: what each message and each outcome leads to.

Theory of operation. A session begins when its socket opens. Its states are those of
``_REACTIONS`` below: NEW until ``hello``, then OPEN, DRAINING once the gateway shuts
down, EXPIRED for a moment after its token has expired without a new one, and CLOSED at
the end. ``receive`` takes a message and returns effects, which the caller carries out
in order:

* ``Send``: send this message to the client;
* ``Select``: look this model up, and pass the result to ``update_model``;
* ``SelectSecond``: follow this model for the boxes of the session's frames;
* ``Offer``: offer this frame to the batcher, and pass its outcome to ``resolve``;
* ``Expire``: call ``expire`` at this time;
* ``Close``: close the socket.

A frame is accepted if its id is larger than every id before it. From then on it is
``pending`` until ``resolve`` has its outcome, once. The batcher limits how many are
pending; the session only keeps track of them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

from server.core.admission import EXPIRED, LAST_ANSWERS_S, UNAUTHORIZED, Admission
from server.core.bucket import TokenBucket
from server.core.effects import Close, Effect, Expire, Offer, Select, SelectSecond, Send
from server.core.errors import (
    BackendUnavailable,
    BadId,
    BadMessage,
    FramewireError,
    HelloRequired,
    Overloaded,
    ProtocolError,
    Unauthorized,
    UnsupportedFormat,
)
from server.core.lanes import lane_of
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
from server.core.model import Lane, Model, ModelKey, Then, looking_up
from server.core.pictures import UPRIGHT
from server.core.preferences import Preferences
from server.core.tracking.tracking import Tracking

# A client that sends this many unusable messages in a row is disconnected.
MAX_REFUSED_IN_A_ROW = 50
# Frames of a lower cost are not charged to the session's budget for decoding.
FREE = 1_000_000
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class State(enum.Enum):
    """The state of a session."""

    NEW = enum.auto()
    OPEN = enum.auto()
    DRAINING = enum.auto()
    EXPIRED = enum.auto()
    CLOSED = enum.auto()

    __hash__ = object.__hash__  # needed for each frame; Enum's own is written in Python


class Session:
    """One session. Pure: see the module's theory of operation."""

    def __init__(
        self,
        session_id: str,
        limits: Limits,
        heartbeat_s: float,
        default_model: ModelKey,
        rate: TokenBucket | None = None,
        admission: Admission | None = None,
        budget: TokenBucket | None = None,
    ) -> None:
        self.id = session_id
        self.state = State.NEW
        self.preferences = Preferences(default_model)
        self.pending: set[int] = set()
        self.accepted = 0
        self.then: Then | None = None  # the second model, and what it gets
        self._limits = limits
        self._heartbeat_s = heartbeat_s
        self._rate = self._usual_rate = rate
        self._budget = budget
        self._admission = admission or Admission(None)
        self._expires_in_s: int | None = None
        self._welcomed = False
        self._model: Model | FramewireError = looking_up(default_model)
        self._sent_model: Model | None = None
        self._last_id = -1
        self._last_result = -1
        self._refused_in_a_row = 0
        self._tracking = Tracking()

    @property
    def model(self) -> Model | None:
        """The model that frames go to now, if there is one."""
        return self._model if isinstance(self._model, Model) else None

    def receive(self, message: ClientMessage, now: float) -> list[Effect]:
        """React to a decoded message at ``now`` (monotonic seconds)."""
        reaction = _REACTIONS.get((self.state, type(message)))
        if reaction is None:
            frame_id = message.id if isinstance(message, Frame) else None
            return self.refuse(_misplaced(self.state, message), frame_id)
        if isinstance(message, Frame) and not self._accept(message.id):
            return self.refuse(BadId(f"id {message.id} is not greater than {self._last_id}"))
        self._refused_in_a_row = 0
        return reaction(self, message, now)

    def refuse(self, error: FramewireError, frame_id: int | None = None) -> list[Effect]:
        """React to an unusable message. ``error`` is the outcome of ``frame_id`` if that is new."""
        if self.state is State.CLOSED:
            return []
        accepted = frame_id is not None and self._accept(frame_id)
        effects: list[Effect] = [Send(error_message(error, frame_id if accepted else None))]
        if isinstance(error, ProtocolError):
            self._refused_in_a_row += 1
            if self._refused_in_a_row >= MAX_REFUSED_IN_A_ROW:
                effects.append(Close(POLICY_VIOLATION, "too many unusable messages"))
        return effects

    def update_model(self, result: Model | FramewireError) -> list[Effect]:
        """React to what the session's model is now: a model, or why there is none.

        If no model server answers, the client learns that from a model of None alone;
        any other error is sent to it as well.
        """
        before, self._model = self._model, result
        model = result if isinstance(result, Model) else None
        effects: list[Effect] = []
        if not self._welcomed:
            self._welcomed = True
            heartbeat, expires = self._heartbeat_s, self._expires_in_s
            effects.append(Send(Welcome(self.id, model, self._limits, heartbeat, expires)))
        elif model != self._sent_model:
            effects.append(Send(ModelChanged(model)))
        self._sent_model = model
        if isinstance(result, FramewireError) and not isinstance(result, BackendUnavailable):
            same = isinstance(before, FramewireError) and before.message == result.message
            if not same:
                effects.append(Send(error_message(result)))
        return [*effects, *self._select_second()]

    def is_change(self, options: Options) -> bool:
        """Return whether ``configure`` with these options would have any effect."""
        return options.token is not None or self._preferred(options) != self.preferences

    def _preferred(self, options: Options) -> Preferences:
        return self.preferences.with_options(options)

    def lane(self, frame: Frame) -> Lane | None:
        """Return the lane ``frame`` would travel in now; None if the model does not take it."""
        return lane_of(self._model, frame) if isinstance(self._model, Model) else None

    def resolve(self, outcome: Outcome) -> Outcome:
        """Return a pending frame's outcome as it goes to the client.

        Results leave in order of their ids; one that a newer result has overtaken is dropped. If
        this raises anything, the frame is still pending.
        """
        frame_id = outcome.id
        if frame_id is None or frame_id not in self.pending:
            raise KeyError(frame_id)
        if isinstance(outcome, Result):
            if outcome.id < self._last_result:
                outcome = Dropped(outcome.id, "overtaken")
            else:
                self._last_result = outcome.id
                if self._tracking.active:  # before results are cut: weak boxes continue tracks
                    outcome = self._tracking.track(outcome)
                wanted = self.preferences
                if wanted.min_score > 0 or wanted.max_results is not None:
                    answer = outcome.answer.limited(wanted.min_score, wanted.max_results)
                    outcome = outcome._replace(answer=answer)
        self.pending.remove(frame_id)
        return outcome

    def expire(self, now: float) -> list[Effect]:
        """React to the time of ``Expire``: announce the end, and close a moment later.

        The moment is for frames under way, and for a client that can send a new token.
        """
        if self.state is State.EXPIRED:
            return [Close(UNAUTHORIZED, EXPIRED)]
        if self.state is not State.OPEN or not self._admission.expired(now):
            return self._expiry()
        self.state = State.EXPIRED
        return [Send(error_message(Unauthorized(EXPIRED))), Expire(now + LAST_ANSWERS_S)]

    def drain(self, reconnect_after_ms: int, reason: str) -> list[Effect]:
        """Drop all frames from now on: the gateway is shutting down."""
        if self.state in (State.DRAINING, State.CLOSED):
            return []
        self.state = State.DRAINING
        return [Send(GoingAway(reconnect_after_ms, reason))]

    def close(self) -> None:
        """End the session: its socket is gone."""
        self.state = State.CLOSED
        self._admission.release()

    # Reactions: one method per cell of the table.

    def _hello(self, message: Hello, now: float) -> list[Effect]:
        try:
            self._admission.admit(message.options.token, now)
        except (Unauthorized, Overloaded) as error:
            self.state = State.CLOSED
            code = UNAUTHORIZED if isinstance(error, Unauthorized) else TRY_AGAIN_LATER
            return [Send(error_message(error)), Close(code, error.message)]
        self._rate = self._admission.frames(self._usual_rate, self._limits.window)
        self._expires_in_s = self._admission.remaining_s(now)
        self.state = State.OPEN
        self.preferences = self._preferred(message.options)
        self._tracking.configure(self.preferences)
        self._model = looking_up(self.preferences.key)
        return [*self._expiry(), Select(self.preferences.key), *self._select_second()]

    def _configure(self, message: Configure, now: float) -> list[Effect]:
        try:
            effects = self._renew(message.options.token, now)
        except (Unauthorized, Overloaded) as error:
            return [Send(error_message(error))]
        before = self.preferences.key
        self.preferences = self._preferred(message.options)
        self._tracking.configure(self.preferences)
        if self.preferences.key != before:
            # No frame goes to the previous model any more, however long the look-up takes.
            self._model = looking_up(self.preferences.key)
            effects.append(Select(self.preferences.key))
        return [*effects, *self._select_second()]

    def _select_second(self) -> list[Effect]:
        """Follow the second model that the session asks for, or its model's description."""
        before, wanted = self.then, self.preferences.then
        if wanted is True:  # until the model is known again, the same as before
            wanted = self.model.then if self.model else before
        self.then = wanted
        old, new = (then.key if then else None for then in (before, wanted))
        return [] if new == old else [SelectSecond(new)]

    def _renew(self, token: str | None, now: float) -> list[Effect]:
        if token is None and self.state is State.EXPIRED:
            raise Unauthorized(EXPIRED)
        if token is None or not self._admission.required:
            return []
        before = self._admission.rate
        self._admission.renew(token, now)
        if self._admission.rate != before:
            window = self._limits.window
            self._rate = self._admission.frames(self._usual_rate, window, self._rate)
        self.state = State.OPEN
        return [Send(Authorized(self._admission.remaining_s(now) or 0)), *self._expiry()]

    def _expiry(self) -> list[Effect]:
        until = self._admission.until
        return [] if until is None or self.state is not State.OPEN else [Expire(until)]

    def _frame(self, frame: Frame, now: float) -> list[Effect]:
        if self._rate is not None and not self._rate.allows(now):
            return [Send(Dropped(frame.id, "rate_limited"))]
        if isinstance(self._model, FramewireError):
            return [Send(error_message(self._model, frame.id))]
        if frame.orientation != UPRIGHT and not self.preferences.turns:
            frame = frame._replace(orientation=UPRIGHT)
        lane = lane_of(self._model, frame)
        if lane is None:
            formats = ", ".join(self._model.formats)
            error = UnsupportedFormat(
                f"model {self.preferences.key} accepts {formats}, not {frame.format}"
            )
            return [Send(error_message(error, frame.id))]
        # Cheap frames are left to the batcher, which serves all sessions in turn.
        cost = frame.cost if self.then is None else 2 * frame.cost  # decoded again to be cut
        if frame.cost > FREE and self._budget and not self._budget.affords(now, cost):
            return [Send(Dropped(frame.id, "rate_limited"))]
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


# Any: a reaction takes only the type of message in its cell's key.
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


def _misplaced(state: State, message: ClientMessage) -> ProtocolError:
    if state is State.NEW:
        kind = type(message).__name__.lower()
        return HelloRequired(f"{kind} before hello; send hello first")
    return BadMessage("hello is allowed only once, as the first message; use configure")
