"""All sessions of this process: carries out what they ask for, and tells them what became of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from typing import Protocol

from server.backend.interface import Backend
from server.core.admission import Admission, Verify
from server.core.batching import Batcher, Member
from server.core.effects import Effect, Expire, Offer, Select, Send
from server.core.errors import BackendUnavailable, FramewireError, Overloaded
from server.core.messages import (
    ClientMessage,
    Dropped,
    Error,
    Limits,
    Outcome,
    ServerMessage,
)
from server.core.model import Lane, Model, ModelKey
from server.core.rate import RateLimit
from server.core.rollout import Rollout, Route
from server.core.session import TRY_AGAIN_LATER, Session
from server.runtime.dispatcher import Dispatcher
from server.runtime.metrics import Metrics
from server.runtime.models import ModelOrError, Models
from server.runtime.resolver import Resolver
from server.settings import Settings

log = logging.getLogger(__name__)

# A client says hello one round trip after its socket is open. Who has not for so long
# may keep its place until somebody needs it.
GREETING_S = 1.0


class Peer(Protocol):
    """The other end of a session, as a handler sees it. Both calls return at once."""

    def send(self, message: ServerMessage) -> None:
        """Send a message, or do nothing if the other end is gone."""

    def close(self, code: int, reason: str) -> None:
        """End the connection."""


class Gateway:
    """The registry of sessions between the handlers and the dispatcher.

    ``verify`` judges tokens; None asks for none.
    """

    def __init__(self, settings: Settings, backend: Backend, verify: Verify | None = None) -> None:
        self.limits = Limits(
            window=settings.window,
            max_frame_bytes=settings.max_frame_bytes,
            max_pixels=settings.max_pixels,
            max_staleness_ms=settings.max_staleness_ms,
        )
        self.metrics = Metrics(settings.max_sessions, settings.max_calls)
        self._rollout = Rollout(
            settings.model,
            settings.label or None,
            settings.canary_label,
            settings.canary_share,
        )
        self.draining = False
        self._settings = settings
        self._verify = verify
        self._batcher = Batcher(
            max_batch=settings.max_batch,
            slots=settings.max_calls,
            window=settings.window,
            max_staleness_s=settings.max_staleness_ms / 1000,
            max_wait_s=settings.max_wait_ms / 1000,
            max_waiting=settings.max_sessions,
        )
        self._models = Models(backend, self._model_changed)
        self._resolver = Resolver(self._models, self._rerouted)
        self._dispatcher = Dispatcher(
            self._batcher, backend, self._models, self.metrics, self._resolve, self._lane
        )
        self._sessions: dict[str, tuple[Session, Peer]] = {}
        self._newcomers: dict[str, float] = {}  # since when they owe a hello, oldest first
        self._chosen: dict[str, Route] = {}
        self._expiries: dict[str, asyncio.TimerHandle] = {}
        self._ready = asyncio.Event()
        self._accepted = 0  # frames, since the metrics were told; no frame waits for them
        backend.watch(self._reachable)

    def start(self) -> None:
        """Begin to look for the default model, before anybody asks for it."""
        self._resolver.acquire(self._rollout.usual)
        if self._settings.canary_share:
            self._resolver.acquire(self._rollout.trial)

    def ready(self) -> FramewireError | None:
        """None when a frame of the default model can be answered; else why not."""
        if self.draining:
            return Overloaded("the gateway is draining")
        found = self._resolver.current(self._rollout.usual)
        if isinstance(found, Model):
            return None
        return found or BackendUnavailable(f"model {self._rollout.default} is being looked up")

    async def became_ready(self) -> None:
        """Wait until a frame of the default model can be answered for the first time."""
        await self._ready.wait()

    def connect(self, peer: Peer, token: str | None = None) -> Session:
        """A new session. Raises Overloaded when there is no room for it.

        ``token``: what counts where hello has none.
        """
        if self.draining:
            self.metrics.turned_away.labels("draining").inc()
            raise Overloaded("the gateway is draining")
        now = time.monotonic()
        if len(self._sessions) >= self._settings.max_sessions:
            self._make_room(now)
        if len(self._sessions) >= self._settings.max_sessions:
            self.metrics.turned_away.labels("max_sessions").inc()
            raise Overloaded(f"{len(self._sessions)} sessions are open, and no more are taken")
        rate = self._settings.max_frame_rate
        session = Session(
            secrets.token_hex(8),
            self.limits,
            self._settings.ping_s,
            self._rollout.default,
            RateLimit(rate, self.limits.window) if rate else None,
            Admission(self._verify, token),
        )
        self._sessions[session.id] = (session, peer)
        self._newcomers[session.id] = now
        self.metrics.sessions.set(len(self._sessions))
        return session

    def _make_room(self, now: float) -> None:
        """Take back the place that was held longest without a hello, if for long enough.

        Else strangers, who need no token before they say hello, could keep others out by silence.
        """
        session_id, since = next(iter(self._newcomers.items()), ("", now))
        if now - since < GREETING_S or not session_id:
            return
        session, peer = self._sessions[session_id]
        self.disconnect(session)
        self.metrics.turned_away.labels("no_hello").inc()
        peer.close(TRY_AGAIN_LATER, "no hello, and others want the place")

    def receive(self, session: Session, message: ClientMessage) -> None:
        """A message came. Returns at once, whatever the message leads to."""
        now = time.monotonic()
        accepted = session.accepted
        self._carry_out(session, session.receive(message, now), now)
        self._accepted += session.accepted - accepted

    def refuse(self, session: Session, error: FramewireError, frame_id: int | None) -> None:
        """A message came that cannot be used."""
        accepted = session.accepted
        effects = session.refuse(error, frame_id)
        self._accepted += session.accepted - accepted
        self._carry_out(session, effects, time.monotonic())

    def disconnect(self, session: Session) -> None:
        """The socket is gone: the waiting frame goes with it, what is in flight is thrown away."""
        if self._sessions.pop(session.id, None) is None:
            return
        session.close()
        self._newcomers.pop(session.id, None)
        expiry = self._expiries.pop(session.id, None)
        if expiry is not None:
            expiry.cancel()
        if self._dispatcher.forget(session.id):
            self.metrics.disconnected()
        route = self._chosen.pop(session.id, None)
        if route is not None:
            self._resolver.release(route)
        self.metrics.sessions.set(len(self._sessions))

    async def drain(self, timeout_s: float, at_once: asyncio.Event | None = None) -> None:
        """Take no more frames, answer those that were accepted, and say goodbye.

        They are waited for until ``timeout_s`` is over or ``at_once`` is set.
        """
        if self.draining:
            return
        self.draining = True
        now = time.monotonic()
        for session, _ in list(self._sessions.values()):
            pause = self._settings.reconnect_after_ms
            self._carry_out(session, session.drain(pause, "the server is about to stop"), now)
        await self._idle(timeout_s, at_once or asyncio.Event())
        unanswered = await self._dispatcher.stop()
        if unanswered:
            waited_s = time.monotonic() - now
            log.warning("%d frames had no answer after %.1f s", unanswered, waited_s)
        for _, peer in list(self._sessions.values()):
            peer.close(1001, "the server stops")
        await self._models.close()

    async def _idle(self, timeout_s: float, at_once: asyncio.Event) -> None:
        reasons = [
            asyncio.ensure_future(self._dispatcher.idle()),
            asyncio.ensure_future(at_once.wait()),
        ]
        try:
            await asyncio.wait(reasons, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()

    def _carry_out(self, session: Session, effects: Sequence[Effect], now: float) -> None:
        for effect in effects:
            if isinstance(effect, Offer):
                member = Member(session.id, effect.frame, now)
                self._dispatcher.offer(member, effect.lane)
            elif isinstance(effect, Send):
                self._send(session, effect.message)
            elif isinstance(effect, Select):
                self._select(session, effect.key, now)
            elif isinstance(effect, Expire):
                self._expire_at(session, effect.at, now)
            elif session.id in self._sessions:
                self._sessions[session.id][1].close(effect.code, effect.reason)

    def _expire_at(self, session: Session, at: float, now: float) -> None:
        before = self._expiries.pop(session.id, None)
        if before is not None:
            before.cancel()
        self._expiries[session.id] = asyncio.get_running_loop().call_later(
            max(0.0, at - now), self._expire, session
        )

    def _expire(self, session: Session) -> None:
        now = time.monotonic()
        self._carry_out(session, session.expire(now), now)

    def _send(self, session: Session, message: ServerMessage) -> None:
        if isinstance(message, Dropped | Error):
            if message.id is not None:
                self.metrics.outcome(message)
            else:
                assert isinstance(message, Error)
                self.metrics.refused.labels(message.code).inc()
        self._tell(session, message)

    def _tell(self, session: Session, message: ServerMessage) -> None:
        if session.id not in self._sessions:
            return
        try:
            self._sessions[session.id][1].send(message)
        except Exception:
            # A defect of one peer must not keep the others from being told.
            log.exception("session %s could not be told", session.id)

    def _select(self, session: Session, key: ModelKey, now: float) -> None:
        self._newcomers.pop(session.id, None)
        route = self._rollout.of(key, session.id)
        # A client that asks for what is not there is told so itself, and fills no log.
        found = self._resolver.acquire(route, optional=key != self._rollout.default)
        before = self._chosen.get(session.id)
        self._chosen[session.id] = route
        if before is not None:
            self._resolver.release(before)
        if found is not None:
            self._carry_out(session, session.update_model(found), now)

    def _model_changed(self, key: ModelKey, found: ModelOrError) -> None:
        if isinstance(found, BackendUnavailable):
            self._dispatcher.fail_model(key, found)
        self._resolver.model_changed(key)

    def _rerouted(self, route: Route, found: ModelOrError) -> None:
        if isinstance(found, Model) and route == self._rollout.usual:
            self._ready.set()
        now = time.monotonic()
        for session, _ in list(self._sessions.values()):
            if self._chosen.get(session.id) == route:
                self._carry_out(session, session.update_model(found), now)

    def _lane(self, member: Member) -> Lane | None:
        """Where a frame would travel now."""
        entry = self._sessions.get(member.session)
        return entry[0].lane(member.frame.format) if entry else None

    def _reachable(self, connected: bool) -> None:
        if not connected:
            self._dispatcher.fail_all(BackendUnavailable("no model server answers"))
        self._models.reachable(connected)

    def _resolve(self, member: Member, outcome: Outcome) -> None:
        """The one place where a frame that the batcher had gets its outcome."""
        entry = self._sessions.get(member.session)
        if entry is None:
            self.metrics.disconnected()
            return
        session = entry[0]
        outcome = session.resolve(outcome)
        self._tell(session, outcome)
        self.metrics.outcome(outcome)

    def collect(self) -> None:
        """Bring the metrics up to date, before somebody reads them."""
        self.metrics.accepted.inc(self._accepted)
        self._accepted = 0
        statistics = self._batcher.statistics()
        self.metrics.ready.set(self.ready() is None)
        self.metrics.waiting.set(statistics.waiting)
        self.metrics.calls.set(statistics.calls)
        routed = (self._resolver.current(route) for route in self._chosen.values())
        self.metrics.versions.sessions([found for found in routed if isinstance(found, Model)])
