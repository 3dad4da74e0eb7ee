"""The puppet itself: what the other tests rely on."""

from __future__ import annotations

import asyncio

import pytest

from server.backend.interface import Backend
from server.core.errors import BackendUnavailable, BatchRejected, DeadlineExceeded, UnknownModel
from server.core.model import Lane, ModelKey
from tests.server.puppet import DIGITS, POISON, PuppetBackend, answer_to, model
from tests.server.samples import frame

LANE = Lane(DIGITS, "serving_default")


async def test_it_is_a_backend_and_answers_when_told() -> None:
    puppet = PuppetBackend()
    backend: Backend = puppet
    frames = [frame(1), frame(2)]
    asked = asyncio.ensure_future(backend.infer(LANE, frames, 60))
    call = await puppet.next_call()
    await asyncio.sleep(0)
    assert not asked.done()
    assert (call.lane, call.ids, puppet.under_way) == (LANE, [1, 2], [call])
    call.answer(version=7)
    inference = await asked
    assert inference.model_version == 7
    assert inference.answers == [answer_to(one) for one in frames]
    assert puppet.under_way == []


async def test_it_obeys_at_once() -> None:
    puppet = PuppetBackend(obey=lambda call: call.judge())
    assert (await puppet.infer(LANE, [frame(1)], 60)).model_version == 1
    with pytest.raises(BatchRejected):
        await puppet.infer(LANE, [frame(1), frame(2, data=POISON)], 60)


async def test_untold_calls_end_at_their_deadline() -> None:
    with pytest.raises(DeadlineExceeded):
        await PuppetBackend().infer(LANE, [frame(1)], 0.01)


async def test_it_knows_only_its_models() -> None:
    puppet = PuppetBackend()
    assert await puppet.discover(DIGITS) == model()
    with pytest.raises(UnknownModel):
        await puppet.discover(ModelKey("cats"))
    assert puppet.lookups == [DIGITS, ModelKey("cats")]


async def test_it_goes_away_and_comes_back() -> None:
    puppet = PuppetBackend()
    heard: list[bool] = []
    puppet.watch(heard.append)
    asked = asyncio.ensure_future(puppet.infer(LANE, [frame(1)], 60))
    await puppet.next_call()
    puppet.go_away()
    with pytest.raises(BackendUnavailable):
        await asked
    with pytest.raises(BackendUnavailable):
        await puppet.infer(LANE, [frame(1)], 60)
    with pytest.raises(BackendUnavailable):
        await puppet.discover(DIGITS)
    puppet.come_back()
    assert await puppet.discover(DIGITS) == model()
    assert heard == [False, True]
