"""All workers as one gateway: what becomes of an act if some of them do not carry it out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from server.core.errors import Internal
from server.settings import Settings
from server.workers.administration import Workers, WorkersGateway
from server.workers.link import RequestFailed


class Worker:
    """A worker that gives one answer to everything, or raises it."""

    def __init__(self, index: int, answer: Any) -> None:
        self.index = index
        self.answer = answer

    async def ask(self, name: str, timeout_s: float, *arguments: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Supervisor:
    """Some of these."""

    def __init__(self, *answers: Any) -> None:
        self.settings = Settings()
        self.workers = [Worker(index, answer) for index, answer in enumerate(answers)]

    def serving(self) -> Sequence[Worker]:
        return self.workers


def gateway(*answers: Any) -> WorkersGateway:
    return WorkersGateway(cast(Workers, Supervisor(*answers)))


async def test_every_worker_that_has_not_acted_is_named() -> None:
    workers = gateway(None, RequestFailed("no"), TimeoutError(), None)
    with pytest.raises(Internal) as raised:
        await workers.set_canary_share(0.5)
    assert raised.value.message == (
        "not done by all workers: worker 1 has failed, and its log says why; "
        "worker 2 has not answered"
    )
    assert workers.adjustments.canary_share == 0.5  # which the next ones start with


async def test_a_worker_that_has_ended_is_no_failure() -> None:
    await gateway(None, ConnectionError()).set_canary_share(0.5)


async def test_a_session_may_be_with_a_worker_that_does_not_answer() -> None:
    assert await gateway(False, True).close_session("a")
    assert await gateway(TimeoutError(), True).close_session("a")
    assert not await gateway(False, ConnectionError()).close_session("a")
    with pytest.raises(Internal):
        await gateway(False, TimeoutError()).close_session("a")


async def test_figures_leave_out_workers_that_do_not_answer() -> None:
    workers = gateway([], TimeoutError(), RequestFailed("no"))
    assert await workers.sessions() == []
    assert await gateway(None, TimeoutError()).minute("a") is None
    assert await gateway(RequestFailed("no")).labels() is None
    assert "no worker has answered" in await gateway(TimeoutError()).move_label("stable", 2)
