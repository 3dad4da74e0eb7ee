"""Floods of log lines, and what is still said of them."""

from __future__ import annotations

import asyncio
import logging

import pytest

from server.core.logbudget import BURST, LINES_PER_S, REPORT_S, LogBudget
from server.logs.budget import BudgetFilter
from tests.server import gateway_process
from tests.server.raw_peer import handshake


def test_a_burst_then_a_few_lines_a_second() -> None:
    budget: LogBudget[str] = LogBudget()
    written = [budget.admit("refused", n / 1000) for n in range(10_000)]
    lines = [omitted for omitted in written if omitted is not None]
    assert len(lines) <= BURST + LINES_PER_S * 10
    assert lines[:BURST] == [0] * BURST
    left = dict(budget.overdue(1000.0)).get("refused", 0)
    assert sum(lines) + len(lines) + left == 10_000


def test_kinds_do_not_disturb_each_other() -> None:
    budget: LogBudget[str] = LogBudget()
    for _ in range(1000):
        budget.admit("flood", 0.0)
    assert budget.admit("rare", 0.0) == 0


def test_a_flood_that_ended_is_reported_once() -> None:
    budget: LogBudget[str] = LogBudget()
    for _ in range(BURST + 412):
        budget.admit("flood", 0.0)
    assert budget.overdue(REPORT_S - 0.1) == []
    assert budget.overdue(REPORT_S) == [("flood", 412)]
    assert budget.overdue(2 * REPORT_S) == []


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Lines(logging.Handler):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def written() -> tuple[logging.Logger, Lines, BudgetFilter, Clock]:
    clock, lines = Clock(), Lines()
    budget = BudgetFilter(clock)
    lines.addFilter(budget)
    logger = logging.Logger("strangers")
    logger.addHandler(lines)
    # Its reports come through the module's own logger.
    return logger, lines, budget, clock


Written = tuple[logging.Logger, Lines, BudgetFilter, Clock]


def refuse(logger: logging.Logger, name: str) -> None:
    logger.warning("refused %s: 100%% unknown", name)


def test_names_that_clients_choose_are_one_kind(written: Written) -> None:
    logger, lines, _, clock = written
    for n in range(BURST + 412):
        refuse(logger, f"client {n}")
    assert len(lines.lines) == BURST
    logger.warning("something else")
    clock.now = 1.0
    refuse(logger, "the next one")
    assert lines.lines[-2:] == [
        "something else",
        "refused the next one: 100% unknown (and 412 more)",
    ]


def test_a_flood_that_ended_is_reported(written: Written, caplog: pytest.LogCaptureFixture) -> None:
    logger, _, budget, clock = written
    for n in range(BURST + 412):
        refuse(logger, f"client {n}")
    clock.now = REPORT_S
    with caplog.at_level("WARNING"):
        budget.report()
    [line] = caplog.messages
    assert line.startswith("412 more like the warning of ")
    assert "test_logs.py" in line


async def test_a_process_bounds_its_log_under_a_flood_of_rejected_requests() -> None:
    flood = 3 * BURST
    async with gateway_process.running("--allowed-origins=https://example.com") as gateway:
        await gateway.says("listening")
        for _ in range(flood):
            await be_rejected(gateway.port)
        rejected = [line for line in gateway.lines if "/ws from 127.0.0.1 rejected" in line]
        assert BURST <= len(rejected) < 2 * BURST
        # The next line that may be written says how many were not.
        while not any(" more)" in line for line in gateway.lines):
            await be_rejected(gateway.port)


async def be_rejected(port: int) -> None:
    """Ask for a session with a foreign origin."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(handshake("Origin: https://evil.example"))
    assert b" 403 " in await reader.readline()
    writer.close()
