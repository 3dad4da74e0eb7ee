"""Messages between two ends of a link."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from server.workers.link import Link, RequestFailed


class End:
    """One end, which answers a request with its name, doubled.

    "nothing" gets no answer, and "failure" raises.
    """

    def __init__(self) -> None:
        self.notices: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    def notified(self, name: str, content: Any) -> None:
        self.notices.put_nowait((name, content))

    async def asked(self, name: str, content: Any) -> Any:
        if name == "nothing":
            await asyncio.Event().wait()
        if name == "failure":
            raise RuntimeError("a defect")
        return name * 2


async def pair() -> tuple[Link, Link, End]:
    """Two links, and what the second does with the messages of the first."""
    ends = socket.socketpair()
    listener = End()
    return await Link.over(ends[0], End()), await Link.over(ends[1], listener), listener


async def test_notices_arrive_in_order_and_requests_are_answered() -> None:
    one, other, listener = await pair()
    receiving = [asyncio.ensure_future(link.receive()) for link in (one, other)]
    one.notify("large", bytes(10**6))
    one.notify("small")
    assert await listener.notices.get() == ("large", bytes(10**6))
    assert await listener.notices.get() == ("small", None)
    answers = await asyncio.gather(one.request("a", 5.0), other.request("b", 5.0))
    assert answers == ["aa", "bb"]
    one.close()
    await asyncio.gather(*receiving)


async def test_what_was_sent_before_the_end_arrives() -> None:
    one, other, listener = await pair()
    one.notify("last", 1)
    one.close()
    await other.receive()
    assert listener.notices.get_nowait() == ("last", 1)
    other.notify("too late")  # and does nothing


async def test_a_request_ends_with_the_other_end() -> None:
    one, other, _ = await pair()
    receiving = [asyncio.ensure_future(link.receive()) for link in (one, other)]
    asking = asyncio.ensure_future(one.request("nothing", 60.0))
    await asyncio.sleep(0)
    other.close()
    with pytest.raises(ConnectionError):
        await asking
    await asyncio.gather(*receiving)
    with pytest.raises(ConnectionError):
        await one.request("anything", 60.0)


async def test_a_request_waits_no_longer_than_it_says() -> None:
    one, other, _ = await pair()
    receiving = [asyncio.ensure_future(link.receive()) for link in (one, other)]
    with pytest.raises(TimeoutError, match="no answer to nothing within"):
        await one.request("nothing", 0.01)
    one.close()
    await asyncio.gather(*receiving)


async def test_a_request_that_fails_ends_at_once_and_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, other, _ = await pair()
    receiving = [asyncio.ensure_future(link.receive()) for link in (one, other)]
    with pytest.raises(RequestFailed, match="answering failure has failed"):
        await one.request("failure", 60.0)
    assert "answering failure failed" in caplog.text
    assert "a defect" in caplog.text
    assert await one.request("a", 5.0) == "aa"
    one.close()
    await asyncio.gather(*receiving)
