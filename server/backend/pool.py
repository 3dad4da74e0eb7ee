"""The :class:`~server.backend.interface.Backend` for several model servers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from server.backend.interface import BackendFailed, Inference, LaneChanged
from server.backend.member import Member
from server.backend.resolution import LookUp, Resolution
from server.backend.serving import Shared, TensorFlowServing
from server.core.balancing import Balancer, Place, PlacedCall
from server.core.errors import (
    BackendUnavailable,
    ModelFailed,
    UnknownModel,
    UnusableModel,
)
from server.core.holdings import Holdings, ModelOrError
from server.core.messages import Frame
from server.core.model import Lane, Model, ModelKey

log = logging.getLogger(__name__)

FIRST_LOOKUP_S = 5.0
"""How long the first look-up of names may keep a model's look-up waiting."""
LATE = 2.0
"""Once a member has found a model, others may take this many times as long as it did."""
LEAST_LATE_S = 0.1


class BackendPool:
    """The model servers at ``entries``, addresses and names; ``balancer`` chooses among them.

    ``connect`` makes one at an address; ``shared`` is what they have in common. The pool is
    reachable while one of them is, and holds what any of them holds.

    Use it from one event loop only.
    """

    def __init__(
        self,
        entries: Sequence[str],
        balancer: Balancer,
        connect: Callable[[str], TensorFlowServing],
        shared: Shared,
        look_up: LookUp | None = None,
    ) -> None:
        self._balancer = balancer
        self._connect = connect
        self._shared = shared
        self.cut = shared.decoder.cut
        self._addresses: set[str] = set()
        self._members: dict[str, Member] = {}
        self._at: dict[Place, Member] = {}  # also those that leave
        self._holdings: Holdings[Member] = Holdings()
        self._changed: Callable[[bool], None] = lambda reachable: None
        self._reachable: bool | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._resolved = asyncio.Event()
        self._resolution = Resolution(entries, self._on_addresses, look_up)
        self._following = asyncio.ensure_future(self._resolution.follow())

    # The interface

    async def discover(self, key: ModelKey) -> Model:
        """Learn what sessions get for ``key`` from the model servers that answer in time."""
        if not self._resolved.is_set():
            await _event(self._resolved, FIRST_LOOKUP_S)
        await self._ask(key)
        result = self._settle(key)
        if isinstance(result, Model):
            return result
        raise result or BackendUnavailable("no model server answers")

    async def _ask(self, key: ModelKey) -> None:
        """Have all look ``key`` up that may answer. Raises BackendUnavailable if none does."""
        asked: set[Member] = set()
        while True:
            members = self._askable()
            if not members:
                raise self._none()
            asked.update(members)
            results = await _in_time([member.look_up(key) for member in members])
            if any(member.place.leaving for member in members):
                continue  # others have taken the place of one that was asked
            failures = [result for result in results if isinstance(result, BackendUnavailable)]
            if not failures or len(failures) < len(results):
                return
            if asked.issuperset(self._askable()):  # nobody has come meanwhile
                raise failures[0]

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, call: object = None
    ) -> Inference:
        """Send one Predict call to the place of ``call``, a PlacedCall."""
        assert isinstance(call, PlacedCall)
        member = self._at.get(call.place) if call.place else None
        if member is None:
            raise self._none()
        try:
            inference = await member.infer(lane, frames, timeout_s, not call.moved)
        except LaneChanged as error:
            await self._other_version(member, lane.model, error.model)
            raise
        except (UnknownModel, UnusableModel) as error:
            self.learnt(member, lane.model, error)
            if self._holdings.holders(lane.model):
                raise _not_held(member, lane.model) from None
            raise
        except (BackendUnavailable, ModelFailed) as error:
            if any(other is not member for other in self._connected()):
                raise BackendFailed(error) from None
            raise
        current = self._holdings.current(lane.model)
        if current is None or inference.model_version == current.version:
            return inference
        return await self._of_other_version(member, lane.model, inference)

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Call ``changed(reachable)`` when the first connection is made, and the last one lost.

        ``changed(True)`` is also called when a model server comes back to the others.
        """
        self._changed = changed

    async def close(self) -> None:
        """Close all connections and end the threads."""
        ending = [self._following, *self._leaving]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await asyncio.gather(*(member.close() for member in self._at.values()))
        self._shared.close()

    # Called by the resolution

    def _on_addresses(self, addresses: set[str]) -> None:
        for address in sorted(addresses - self._members.keys()):
            place = self._balancer.add(address)
            member = Member(self._connect(address), place, self._balancer.fleet, self)
            self._members[address] = self._at[place] = member
            log.info("model server %(backend)s: connecting", {"backend": address})
        self._addresses = addresses
        self._remove_gone()
        self._resolved.set()

    def _remove_gone(self) -> None:
        """Remove the members whose address is gone, once another one serves."""
        gone = self._members.keys() - self._addresses
        serving = {a for a, member in self._members.items() if member.place.health.serves}
        if serving and serving <= gone:
            return
        for address in sorted(gone):
            log.info("model server %(backend)s: its address is gone", {"backend": address})
            self._remove(self._members.pop(address))

    def _remove(self, member: Member) -> None:
        self._balancer.remove(member.place)
        keys = self._holdings.models
        self._holdings.forget(member)
        for key in keys:
            self._hold(key)
        task = asyncio.ensure_future(self._leave(member))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        self._report()

    async def _leave(self, member: Member) -> None:
        await member.leave()
        del self._at[member.place]

    # Called by members

    def models_in_use(self) -> list[ModelKey]:
        """Return the models that a member should know before it gets calls."""
        return self._holdings.models

    def learnt(self, member: Member, key: ModelKey, result: ModelOrError) -> None:
        """Take in what a member says about a model."""
        if member.place.leaving:
            return
        self._holdings.learn(key, member, result)
        self._hold(key)

    def connection_changed(self, member: Member) -> None:
        """Pass on that the first connection was made, or the last one lost."""
        self._remove_gone()
        self._report()

    def admitted(self, member: Member) -> None:
        """Let the models be looked up again, as this member may hold others."""
        self._remove_gone()
        self._changed(True)

    # Inside

    def _connected(self) -> list[Member]:
        return [member for member in self._members.values() if member.place.health.connected]

    def _askable(self) -> list[Member]:
        """Return whom to ask about models: all that may answer, rather than those set aside."""
        members = list(self._members.values())
        asked = [
            member
            for member in members
            if member.place.health.serves or member.place.health.state == "connecting"
        ]
        return asked or self._connected()

    def _report(self) -> None:
        """Tell the gateway whether any model server is reachable, if that has changed."""
        connected = bool(self._connected())
        if connected == self._reachable:
            return
        pending = any(m.place.health.state == "connecting" for m in self._members.values())
        if connected or not pending:
            self._reachable = connected
            self._changed(connected)

    def _settle(self, key: ModelKey) -> ModelOrError | None:
        """Decide which version sessions get: of those at members that serve, if there are any."""
        members = list(self._members.values())
        serving = [member for member in members if member.place.health.serves]
        result = self._holdings.settle(key, serving, self._connected(), members)
        self._hold(key)
        return result

    def _hold(self, key: ModelKey) -> None:
        self._balancer.hold(key, [member.place for member in self._holdings.holders(key)])

    async def _of_other_version(
        self, member: Member, key: ModelKey, inference: Inference
    ) -> Inference:
        """Return an answer of another version than sessions get, if they get that now."""
        # Awaiting the look-up itself would cancel the batch if the member's address goes away.
        found = [inference.model] if inference.model else await _in_time([member.look_up(key)])
        for model in found:
            if isinstance(model, Model) and model.version == inference.model_version:
                return replace(inference, model=await self._other_version(member, key, model))
        return inference  # it has changed again; the look-up that follows will tell

    async def _other_version(self, member: Member, key: ModelKey, model: Model) -> Model:
        """Return ``model``, which ``member`` has instead of what sessions get, if they get it now.

        Otherwise, raises BackendFailed: another member still has what they get.
        """
        self.learnt(member, key, model)
        await _in_time([other.look_up(key) for other in self._askable() if other is not member])
        settled = self._settle(key)
        if isinstance(settled, Model) and settled.version == model.version:
            return settled
        raise _not_held(member, key)

    def _none(self) -> BackendUnavailable:
        return BackendUnavailable("no model server answers", "; ".join(self._resolution.failures))


def _not_held(member: Member, key: ModelKey) -> BackendFailed:
    reason = f"model {key} has moved to other model servers"
    return BackendFailed(ModelFailed(reason, f"from {member.place.address}"))


async def _in_time(look_ups: Sequence[asyncio.Task[ModelOrError]]) -> list[ModelOrError]:
    """Wait for ``look_ups``; once one has found the model, no longer than it is worth."""
    began = time.monotonic()
    pending: set[asyncio.Task[ModelOrError]] = set(look_ups)
    while pending and not any(isinstance(result, Model) for result in _results(look_ups)):
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    if pending:
        timeout_s = max(LEAST_LATE_S, LATE * (time.monotonic() - began))
        await asyncio.wait(pending, timeout=timeout_s)
    return _results(look_ups)


def _results(look_ups: Sequence[asyncio.Task[ModelOrError]]) -> list[ModelOrError]:
    return [task.result() for task in look_ups if task.done() and not task.cancelled()]


async def _event(event: asyncio.Event, timeout_s: float) -> None:
    waiter = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((waiter,), timeout=timeout_s)
    finally:
        waiter.cancel()
