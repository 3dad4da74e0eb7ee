"""All sessions of this process: carries out what they ask for, and passes on what comes of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from server.backend.interface import Backend
from server.core.activity import Activity
from server.core.admission import Admission, Verify
from server.core.balancing import BackendStatus, Balancer
from server.core.effects import Close, Effect, Expire, Offer, Select, SelectSecond, Send
from server.core.errors import BackendUnavailable, FramewireError, Overloaded
from server.core.limiters import Limiters
from server.core.messages import ClientMessage, Dropped, Error, Outcome, Result, ServerMessage
from server.core.model import Lane, Model, ModelKey, ModelStatus, looking_up
from server.core.ring import Member
from server.core.rollout import Route
from server.core.session import TRY_AGAIN_LATER, Session
from server.runtime import limits
from server.runtime.backends import Backends
from server.runtime.cascades import Cascades
from server.runtime.catalog import Catalog
from server.runtime.dispatcher import Dispatcher
from server.runtime.draining import SHUTTING_DOWN, Drain
from server.runtime.models import Interest, ModelOrError, Models
from server.runtime.observer import FrameObserver
from server.runtime.pacing import Pacing
from server.runtime.resolver import Resolver, rollout
from server.runtime.sessions import OpenSession, Peer, Sessions
from server.runtime.shadow import shadow_shares
from server.runtime.statistics import Counters, Statistics, sessions_by_model
from server.runtime.tracing import Tracer, followed
from server.settings import Settings


class Gateway:
    """What the handlers call: sessions and their messages in, outcomes out to their peers.

    ``verify`` checks tokens, ``balancer`` chooses among several model servers, ``tracer``
    follows some of the frames; each may be missing. ``limiters`` makes the limits that hold for
    the whole gateway; ``observers`` look on, and others may add to ``counters``. The parts below
    report to ``model_changed``, ``route_changed``, ``channel_changed``, ``resolve`` and
    ``lane_of``.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        verify: Verify | None = None,
        balancer: Balancer | None = None,
        tracer: Tracer | None = None,
        limiters: Limiters | None = None,
        observers: Sequence[FrameObserver] = (),
        counters: Counters | None = None,
    ) -> None:
        self.limits = limits.limits(settings)
        self._settings = settings
        self._verify = verify
        self._tracer = tracer
        self._observers = observers
        self._rollout = rollout(settings)
        self._counters = counters or Counters()
        self.sessions = Sessions(settings, limiters or Limiters())
        self._models = Models(backend, self)
        self._resolver = Resolver(self._models, self)
        self._catalog = Catalog(self._rollout, self._models, self._resolver)
        self._backends = Backends(settings.backend, balancer)
        self._dispatcher = Dispatcher(
            settings, backend, self._models, self._counters, self, balancer
        )
        self._cascades = Cascades(
            settings, backend, self._rollout, self._resolver, self._dispatcher, self._counters
        )
        self._pacing = Pacing(self.sessions.send, self._dispatcher.backlog)
        self._ready = asyncio.Event()
        self._drain: Drain | None = None  # None until the gateway stops
        backend.watch(self.channel_changed)

    def start(self) -> None:
        """Begin to look up the default model."""
        for route in (self._rollout.usual, *self._rollout.trials):
            self._resolver.acquire(route, Interest.DEFAULT)

    def offer(self, names: Iterable[str]) -> None:
        """List the models of these names to clients, whether or not a session uses them."""
        self._catalog.offer(names)

    def ready(self) -> FramewireError | None:
        """Return why no frame of the default model can be answered now; None: one can."""
        if self._drain is not None:
            return Overloaded("the gateway is shutting down")
        result = self._resolver.current(self._rollout.usual)
        if isinstance(result, Model):
            return None
        return result or looking_up(self._rollout.usual[-1])

    def backends(self) -> Sequence[BackendStatus]:
        """Return the state of each model server; nothing if the settings name a single one."""
        return self.statistics().backends if self._backends.several else ()

    def models(self) -> list[ModelStatus]:
        """Return the models that sessions can ask for, as far as they are known."""
        return self._catalog.statuses()

    async def became_ready(self) -> None:
        """Wait until a frame of the default model can be answered for the first time."""
        await self._ready.wait()

    def statistics(self) -> Statistics:
        """Return a snapshot of all figures."""
        batching = self._dispatcher.statistics()
        return self._counters.snapshot(
            ready=self.ready() is None,
            sessions=len(self.sessions),
            max_sessions=self.sessions.max_sessions,
            waiting=batching.waiting,
            paced_sessions=self._pacing.sessions,
            canary_shares=self._rollout.shares,
            shadow_shares=shadow_shares(self._settings),
            calls=batching.calls,
            max_calls=batching.slots,
            backends=self._backends.statuses(batching, self._counters.results),
            model_sessions=sessions_by_model(
                (self._resolver.current(route), sessions)
                for route, sessions in self.sessions.routes().items()
            ),
        )

    def set_canary_share(self, share: float) -> None:
        """Send this fraction of the sessions that name no version to the canary from now on."""
        before, self._rollout = self._rollout, replace(self._rollout, canary_share=share)
        for route in self._rollout.trials:
            self._resolver.acquire(route, Interest.DEFAULT)
        self._cascades.set_rollout(self._rollout, self.sessions)
        for entry in self.sessions:
            if entry.route is not None and entry.session.preferences.key == before.default:
                self._select(entry, before.default, time.monotonic())
        for route in before.trials:
            self._resolver.release(route)

    # Called by the handlers

    def connect(self, peer: Peer, token: str | None = None, address: str | None = None) -> Session:
        """Open a session. Raises Overloaded when there is no room for it.

        ``token`` counts if hello brings none. ``address``: what limits by address count the
        session by; None: none apply.
        """
        now = time.monotonic()
        self.make_room(now, address)
        admission = Admission(self._verify, token, self.sessions.subjects)
        session = limits.new_session(self._settings, self.limits, self._rollout.default, admission)
        activity = Activity() if self._settings.admin else None
        self.sessions.add(OpenSession(session, peer, now, address, admission, activity))
        return session

    def make_room(self, now: float, address: str | None) -> None:
        """Evict the session that has been silent longest if there is no room otherwise.

        Strangers need no token before hello: without eviction they could hold all places
        by saying nothing. Raises Overloaded.
        """
        if self._drain is not None:
            self.session_rejected("draining")
            raise Overloaded("the gateway is shutting down")
        if address is not None and not self.sessions.addresses.allows(address):
            self.session_rejected("max_sessions_per_address")
            most = self.sessions.addresses.limit
            raise Overloaded(f"too many sessions from this address: at most {most} may be open")
        silent = self.sessions.longest_silent(now) if self.sessions.full else None
        if silent is not None:
            self.disconnect(silent.session)
            self.session_rejected("no_hello")
            silent.close(TRY_AGAIN_LATER, "no hello, and another client needs the slot")
        if self.sessions.full:
            self.session_rejected("max_sessions")
            most = self.sessions.max_sessions
            raise Overloaded(f"too many sessions: at most {most} may be open; try again later")

    def receive(self, session: Session, message: ClientMessage) -> None:
        """Handle a message. Returns at once, whatever the message leads to."""
        now = time.monotonic()
        accepted = session.accepted
        self._carry_out(session, session.receive(message, now), now)
        self._counters.accepted += session.accepted - accepted

    def refuse(self, session: Session, error: FramewireError, frame_id: int | None) -> None:
        """Handle a message that cannot be used."""
        accepted = session.accepted
        effects = session.refuse(error, frame_id)
        self._counters.accepted += session.accepted - accepted
        self._carry_out(session, effects, time.monotonic())

    def disconnect(self, session: Session) -> None:
        """Close a session whose socket is gone; its frames' outcomes are only counted."""
        entry = self.sessions.remove(session.id)
        if entry is None:
            return
        session.close()
        self._pacing.forget(session.id)
        waiting = self._dispatcher.forget(session.id)
        if waiting is not None:
            self._disconnected(waiting)
        self._cascades.select(entry, None)
        if entry.route is not None:
            self._resolver.release(entry.route)

    def session_rejected(self, reason: str) -> None:
        """Count a session, or an upload, that got no place."""
        self._counters.sessions_rejected[reason] += 1

    def request_rejected(self, path: str, code: str) -> None:
        """Count a request that was rejected for its origin, its token or its sender."""
        self._counters.requests_rejected[path, code] += 1

    async def drain(self, timeout_s: float, at_once: asyncio.Event | None = None) -> None:
        """Accept no more frames, and close each session once its accepted ones have outcomes.

        They are waited for until ``timeout_s`` is over or ``at_once`` is set.
        """
        if self._drain is not None:
            return
        self._drain = Drain(self.sessions, self._announce_stop)
        await self._drain.finish(self._dispatcher, timeout_s, at_once or asyncio.Event())
        self._pacing.stop()
        await self._models.close()

    def _announce_stop(self, session: Session) -> None:
        effects = session.drain(self._settings.reconnect_after_ms, SHUTTING_DOWN)
        self._carry_out(session, effects, time.monotonic())

    # Effects of a session

    def _carry_out(self, session: Session, effects: Sequence[Effect], now: float) -> None:
        for effect in effects:
            if isinstance(effect, Offer):
                frame = effect.frame
                if self._tracer is not None and self._tracer.samples(frame, now):
                    frame = followed(self._tracer, self.sessions.get(session.id), effect, now)
                member = Member(session.id, frame, now, effect.lane)
                if self._pacing.active:
                    self._pacing.received(session.id)
                self._dispatcher.offer(member, effect.lane)
            elif isinstance(effect, Send):
                self._send(session, effect.message)
            else:
                self._carry_out_rare(session, effect, now)

    def _carry_out_rare(
        self, session: Session, effect: Select | SelectSecond | Expire | Close, now: float
    ) -> None:
        entry = self.sessions.get(session.id)
        if entry is None:
            return
        if isinstance(effect, Select):
            self._select(entry, effect.key, now)
        elif isinstance(effect, SelectSecond):
            self._cascades.select(entry, effect.key)
        elif isinstance(effect, Expire):
            entry.expire_in(effect.at - now, self._expire)
        else:
            entry.close(effect.code, effect.reason)

    def _send(self, session: Session, message: ServerMessage) -> None:
        if isinstance(message, Error) and message.id is None:
            self._counters.messages_rejected[message.code] += 1
        elif isinstance(message, Dropped | Error):
            self._counters.outcome(message)
        self.sessions.send(session.id, message)

    def _select(self, entry: OpenSession, key: ModelKey, now: float) -> None:
        route = self._rollout.of(key, entry.session.id)
        interest = Interest.DEFAULT if key == self._rollout.default else Interest.CLIENT
        result = self._resolver.acquire(route, interest)
        before = self.sessions.set_route(entry, route)
        if before is not None:
            self._resolver.release(before)
        if result is not None:
            self._carry_out(entry.session, entry.session.update_model(result), now)

    def _expire(self, session: Session) -> None:
        now = time.monotonic()
        self._carry_out(session, session.expire(now), now)

    # Called by the models, the resolver, the backend and the dispatcher

    def model_changed(self, key: ModelKey, result: ModelOrError) -> None:
        """End the waiting frames of a model that is unavailable; resolve its routes again."""
        if isinstance(result, BackendUnavailable):
            self._dispatcher.fail_model(key, result)
        self._resolver.model_changed(key)

    def route_changed(self, route: Route, result: ModelOrError) -> None:
        """Tell the sessions on ``route`` their model."""
        if isinstance(result, Model) and route == self._rollout.usual:
            self._ready.set()
        self._cascades.route_changed(route)
        now = time.monotonic()
        for entry in self.sessions.on_route(route):
            self._carry_out(entry.session, entry.session.update_model(result), now)

    def channel_changed(self, reachable: bool) -> None:
        """React to the connection to the model server: it is there, or it is lost."""
        self._backends.reachable = reachable
        error = None if reachable else BackendUnavailable("no model server answers")
        if error is not None:
            self._dispatcher.fail_all(error)
        self._models.channel_changed(error)

    def resolve(self, member: Member, outcome: Outcome) -> Outcome | None:
        """Pass a frame that the dispatcher had its one outcome; return it as it was sent."""
        entry = self.sessions.get(member.session)
        if entry is None:
            self._disconnected(member)
            return None
        then = entry.session.then
        if then is not None and isinstance(outcome, Result):
            complete = self._cascades.begin(entry, then, member, outcome)
            if complete is None:  # comes back with the answers of the second model
                return None
            outcome = complete
        outcome = entry.resolve(outcome)
        entry.send(outcome, member.frame.trace)
        self._counters.outcome(outcome)
        if not isinstance(outcome, Result) and member.lane is not None:
            version = self._models.version_of(member.lane.model)
            age_s = time.monotonic() - member.received
            self._counters.without_result(member.lane, version, outcome, age_s)
        self._pacing.resolved(member.session, outcome)
        if self._drain is not None:
            self._drain.resolved(entry)
        for observer in self._observers:
            observer.resolved(entry.session, member, outcome)
        return outcome

    def _disconnected(self, member: Member) -> None:
        """Count a frame whose session left before its outcome."""
        self._counters.disconnected()
        if member.frame.trace is not None:
            member.frame.trace.end(None)

    def lane_of(self, member: Member) -> Lane | None:
        """Return the lane that a frame would travel in if it were offered now."""
        entry = self.sessions.get(member.session)
        return entry.session.lane(member.frame) if entry else None
