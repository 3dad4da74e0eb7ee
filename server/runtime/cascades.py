"""Frames on their way through a second model: cut, sent as crops, and put together again.

A frame whose session asks for a second model is held after its first answer: it keeps its place
in the session's window, and its staleness goes on. Whatever becomes of its crops, it ends with
the first model's result. What the second model did not answer is marked as missing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence

from server.backend.interface import Backend
from server.core.answers import Detections, SecondAnswers
from server.core.cascade import Crops, count_chosen
from server.core.errors import (
    DeadlineExceeded,
    FramewireError,
    Internal,
    Overloaded,
    UnsupportedFormat,
)
from server.core.lanes import lane_of
from server.core.messages import Frame, Outcome, Result
from server.core.model import Lane, Model, ModelKey, Then, looking_up
from server.core.ring import Member, crops_of
from server.core.rollout import Rollout, Route
from server.core.session import Session, State
from server.runtime.dispatcher import Dispatcher
from server.runtime.latencies import AnsweredBatch, SignatureKey
from server.runtime.models import Interest
from server.runtime.resolver import Resolver
from server.runtime.sessions import OpenSession
from server.runtime.statistics import Counters
from server.settings import Settings

log = logging.getLogger(__name__)

MAX_PIXELS_HELD = 64_000_000
"""How many pixels the crops of all frames may have together."""

# How crops travel, the best first: as they are, encoded without loss, encoded.
_FORMATS = ("rgb", "png", "jpeg", "webp")


class Cascades:
    """The frames that are held for a second model."""

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        rollout: Rollout,
        resolver: Resolver,
        dispatcher: Dispatcher,
        counters: Counters,
    ) -> None:
        self._max_crops = settings.max_crops
        self._max_staleness_s = settings.max_staleness_ms / 1000
        self._backend = backend
        self._rollout = rollout
        self._resolver = resolver
        self._dispatcher = dispatcher
        self._counters = counters
        self._pixels = 0
        self._look_ups: dict[asyncio.Future[None], Route] = {}  # that frames wait for

    def select(self, entry: OpenSession, key: ModelKey | None) -> None:
        """Follow a session's second model instead of the one before; None: none."""
        before, entry.second = entry.second, None
        if key is not None:
            entry.second = self._rollout.of(key, entry.session.id)
            self._resolver.acquire(entry.second, Interest.CLIENT)
        if before is not None:
            self._resolver.release(before)

    def set_rollout(self, rollout: Rollout, sessions: Iterable[OpenSession]) -> None:
        """Spread second models like this from now on, those of open sessions as well."""
        self._rollout = rollout
        for entry in sessions:
            then = entry.session.then
            if entry.second is not None and then is not None and then.key == rollout.default:
                self.select(entry, then.key)

    def route_changed(self, route: Route) -> None:
        """React to what a route leads to now: frames may wait for that."""
        for look_up, awaited in self._look_ups.items():
            if awaited == route and not look_up.done():
                look_up.set_result(None)

    def begin(
        self, entry: OpenSession, then: Then, member: Member, result: Result
    ) -> Result | None:
        """Take a result of the first model. Return it if it is complete; None: it is held."""
        answer, route = result.answer, entry.second
        if not isinstance(answer, Detections) or answer.then is not None or route is None:
            return result
        count = count_chosen(answer, entry.session.preferences, then, self._max_crops)
        if not count:
            nothing = SecondAnswers(None, [None] * len(answer.boxes))
            return result._replace(answer=answer._replace(then=nothing))
        crops = Crops(member.frame, answer, count, then)
        self._counters.crops_cut += count
        self._pixels += crops.pixels
        self._resolver.acquire(route, Interest.CLIENT)  # whatever the session asks for next
        held = _HeldFrame(entry.session, route, member, result, crops, self._resolver, self._finish)
        self._dispatcher.hold(member.session, self._cut(held)).add_done_callback(held.cancelled)
        return None

    async def _cut(self, held: _HeldFrame) -> None:
        """Send a frame's crops on their way, or say why they are missing."""
        try:
            lane, crops = await self._pictures(held)
            if held.session.state is State.CLOSED:
                held.fail("disconnected")
            else:
                self._dispatcher.offer_crops(held.members(crops), lane)
        except DeadlineExceeded:
            held.fail("expired")
        except FramewireError as error:
            held.fail(error.code)
        except Exception:
            log.exception("cutting frame %(frame)d failed", {"frame": held.member.frame.id})
            held.fail(Internal.code)

    async def _pictures(self, held: _HeldFrame) -> tuple[Lane, list[Frame]]:
        """Return the crops as frames, and the lane that they travel in."""
        if self._pixels > MAX_PIXELS_HELD:
            raise Overloaded("too many crops are under way")
        deadline = held.member.received + self._max_staleness_s
        model = await self._look_up(held.route, deadline)
        picture_format = next((name for name in _FORMATS if name in model.lanes), None)
        if picture_format is None:
            raise UnsupportedFormat(f"model {model.key} takes no pictures of this gateway")
        left_s, frame = deadline - time.monotonic(), held.member.frame
        pictures = await self._backend.cut(frame, held.crops.regions, picture_format, left_s)
        return model.lanes[picture_format], held.crops.frames(pictures, picture_format)

    async def _look_up(self, route: Route, deadline: float) -> Model:
        """Return the model of ``route``. Waits for its first look-up, until ``deadline``."""
        if self._resolver.current(route) is None:
            waiting = asyncio.get_running_loop().create_future()
            self._look_ups[waiting] = route
            try:
                await asyncio.wait([waiting], timeout=max(0.0, deadline - time.monotonic()))
            finally:
                del self._look_ups[waiting]
        result = self._resolver.current(route) or looking_up(route[-1])
        if isinstance(result, Model):
            return result
        raise result

    def _finish(self, held: _HeldFrame) -> None:
        now = time.monotonic()
        self._pixels -= held.crops.pixels
        sent = self._dispatcher.land(held.member, held.result(now))
        batch = held.batch(now) if isinstance(sent, Result) else None
        self._counters.cascaded(held.crops.outcomes, held.answered, batch)
        self._resolver.release(held.route)


class _HeldFrame:
    """A frame that is held for its crops, as their :class:`~server.core.ring.FrameOwner`."""

    def __init__(
        self,
        session: Session,
        route: Route,
        member: Member,
        result: Result,
        crops: Crops,
        resolver: Resolver,
        finish: Callable[[_HeldFrame], None],
    ) -> None:
        self.session = session
        self.route = route
        self.member = member
        self.crops = crops
        self.answered = time.monotonic()
        self._result = result
        self._resolver = resolver
        self._finish = finish

    def members(self, crops: Sequence[Frame]) -> list[Member]:
        """Return the crops as the batcher takes them. A trace follows the first one."""
        frame, session = self.member.frame, crops_of(self.member.session)
        crops = [crops[0]._replace(trace=frame.trace), *crops[1:]]
        return [Member(session, crop, self.member.received, owner=self) for crop in crops]

    def resolve(self, member: Member, outcome: Outcome) -> None:
        """Take in what became of a crop; of the last one, the frame's own outcome follows."""
        self.crops.resolve(member.frame.id, outcome)
        if not self.crops.left:
            self._finish(self)

    def lane_of(self, member: Member) -> Lane | None:
        """Return the lane that a crop would travel in if it were offered now."""
        model = self._resolver.current(self.route)
        return lane_of(model, member.frame) if isinstance(model, Model) else None

    def fail(self, reason: str) -> None:
        """End the frame without its second model."""
        self.crops.fail(reason)
        self._finish(self)

    def cancelled(self, cutting: asyncio.Task[None]) -> None:
        """End the frame if its crops were not sent because the gateway stops."""
        if cutting.cancelled():
            self.fail("draining")

    def batch(self, now: float) -> AnsweredBatch:
        """Return the frame as a batch of its own, for its age; its calls are counted already."""
        assert self.member.lane is not None
        lane, version = self.member.lane, self._result.model_version
        key = SignatureKey(lane.model.name, str(version), lane.signature)
        sent = self.member.received + self._result.timing_ms.queue / 1000
        return AnsweredBatch(key, 1, [self.member.received], sent, None, now, now)

    def result(self, now: float) -> Result:
        """Return the frame's result: the first model's, with the answers of the second."""
        model = self._resolver.current(self.route)
        labels = model.labels if isinstance(model, Model) else ()
        timing = self._result.timing_ms._replace(total=(now - self.member.received) * 1000)
        return self._result._replace(
            answer=self.crops.answer(labels),
            timing_ms=timing,
            incomplete=self.crops.incomplete,
        )
