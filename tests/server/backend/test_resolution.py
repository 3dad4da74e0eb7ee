"""Addresses behind names, looked up again and again."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from server.backend import resolution
from server.backend.resolution import Resolution, addresses, is_fixed, split

Results = dict[str, set[str] | OSError]


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "LOOKUP_INTERVAL_S", 0.001)


class Reports:
    """What a resolution has reported, over names in the test's hands."""

    def __init__(self, *entries: str) -> None:
        self.behind: Results = {}
        self.seen: list[set[str]] = []
        self._news = asyncio.Event()
        self.resolution = Resolution(entries, self._on_change, self._look_up)

    async def until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._news.clear()
            await asyncio.wait_for(self._news.wait(), 20)

    def _on_change(self, found: set[str]) -> None:
        self.seen.append(found)

    async def _look_up(self, host: str, port: int) -> set[str]:
        self._news.set()
        result = self.behind.get(host, OSError("Name or service not known"))
        if isinstance(result, OSError):
            raise result
        return {f"{address}:{port}" for address in result}


@asynccontextmanager
async def following(reports: Reports) -> AsyncIterator[Reports]:
    task = asyncio.ensure_future(reports.resolution.follow())
    yield reports
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("setting", "entries", "fixed"),
    [
        ("localhost:8500", ["localhost:8500"], True),
        (" [::1]:8500 ", ["[::1]:8500"], True),
        ("unix:/run/serving.sock", ["unix:/run/serving.sock"], True),
        ("a:1,b:2 , a:1", ["a:1", "b:2"], False),
        ("dns:///serving:8500", ["dns:///serving:8500"], False),
    ],
)
def test_entries_of_the_setting(setting: str, entries: list[str], fixed: bool) -> None:
    assert split(setting) == entries
    assert is_fixed(split(setting)) == fixed


async def test_addresses_are_reported_at_once_and_when_they_change() -> None:
    reports = Reports("127.0.0.1:1", "unix:/run/serving.sock", "dns:///serving:8500")
    reports.behind["serving"] = {"10.0.0.1", "10.0.0.2"}
    fixed = {"127.0.0.1:1", "unix:/run/serving.sock"}
    async with following(reports):
        await reports.until(lambda: len(reports.seen) == 2)
        reports.behind["serving"] = {"10.0.0.2"}
        await reports.until(lambda: len(reports.seen) == 3)
    both = {"10.0.0.1:8500", "10.0.0.2:8500"}
    assert reports.seen == [fixed, fixed | both, fixed | {"10.0.0.2:8500"}]


async def test_a_failed_look_up_keeps_the_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    reports = Reports("dns:///serving:8500")
    reports.behind["serving"] = {"10.0.0.1"}
    async with following(reports):
        await reports.until(lambda: len(reports.seen) == 1)
        reports.behind["serving"] = OSError("Temporary failure in name resolution")
        await reports.until(lambda: bool(reports.resolution.failures))
        reports.behind["serving"] = {"10.0.0.1"}
        await reports.until(lambda: not reports.resolution.failures)
    assert reports.seen == [{"10.0.0.1:8500"}]
    assert [record.getMessage() for record in caplog.records] == [
        "dns:///serving:8500 cannot be looked up: Temporary failure in name resolution; "
        "keeping its addresses",
        "dns:///serving:8500 can be looked up again",
    ]


async def test_a_name_that_leads_nowhere_at_the_start_is_reported_as_no_address() -> None:
    reports = Reports("dns:///serving:8500")
    async with following(reports):
        await reports.until(lambda: bool(reports.seen))
        assert reports.seen == [set()]
        assert reports.resolution.failures == ["dns:///serving:8500: Name or service not known"]
        reports.behind["serving"] = {"10.0.0.1"}
        await reports.until(lambda: len(reports.seen) == 2)


async def test_the_system_resolves_names_and_literal_addresses() -> None:
    assert await addresses("127.0.0.1", 8500) == {"127.0.0.1:8500"}
    assert await addresses("::1", 8500) == {"[::1]:8500"}
    with pytest.raises(OSError, match=r"."):
        await addresses("x" * 300, 8500)


async def test_a_server_with_addresses_of_both_kinds_is_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fd00::1", 1, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 1)),
    ]
    monkeypatch.setattr(resolution.socket, "getaddrinfo", lambda *_, **__: both)
    assert await addresses("serving", 1) == {"10.0.0.1:1"}
