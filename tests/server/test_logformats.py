"""What log lines look like, whatever clients put into them."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from server.core.logbudget import BURST
from server.logs.budget import BudgetFilter
from server.logs.formats import (
    LONGEST_MESSAGE,
    LONGEST_TRACEBACK,
    LONGEST_VALUE,
    JSONFormatter,
    TextFormatter,
)
from tests.server import gateway_process
from tests.server.raw_peer import handshake

HOSTILE = [
    "first\nsecond",
    "\r\x1b[2J\x1b[31m",
    "\u2028next\u2029",
    "\u202eevil",
    "\x00\x07\x7f\x9b",
    "\udcff",
    '"}\n{"level": "critical"',
    "%s %(name)s %d",
    "x" * 2_000_000,
]
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"


def record(message: str, *args: Any, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("server.app", logging.INFO, "/app.py", 7, message, args, info)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:12]))
def test_any_value_stays_on_its_line(name: str) -> None:
    said = "model %(model)s is gone"
    text = TextFormatter().format(record(said, {"model": name}))
    assert text.isprintable()
    assert len(text) < 10 * LONGEST_MESSAGE
    line = JSONFormatter().format(record(said, {"model": name}))
    assert line.isprintable()
    assert line.isascii()
    event = json.loads(line)
    assert event["model"] == name[:LONGEST_VALUE] or len(name) > LONGEST_VALUE
    assert (event["level"], event["logger"]) == ("info", "server.app")
    assert event["message"].startswith("model ")
    assert len(event["model"]) < LONGEST_VALUE + 50


def test_a_json_line_has_the_message_and_its_fields() -> None:
    said = "model %(model)s: version %(version)d"
    made = record(said, {"model": "digits", "version": 3})
    made.created, made.msecs = 1_800_000_000.25, 250.0
    assert json.loads(JSONFormatter().format(made)) == {
        "time": "2027-01-15T08:00:00.250Z",
        "level": "info",
        "logger": "server.app",
        "message": "model digits: version 3",
        "source": "/app.py:7",
        "model": "digits",
        "version": 3,
    }


def test_arguments_without_names_are_in_the_message_only() -> None:
    event = json.loads(JSONFormatter().format(record("%s from %s", "/ws", "10.0.0.1")))
    assert event["message"] == "/ws from 10.0.0.1"
    assert set(event) == {"time", "level", "logger", "message", "source"}


def test_no_field_can_replace_what_every_line_has() -> None:
    event = json.loads(JSONFormatter().format(record("%(level)s", {"level": "critical"})))
    assert event["level"] == "info"


@pytest.mark.parametrize("formatter", [TextFormatter(), JSONFormatter()])
def test_no_token_and_no_picture(formatter: logging.Formatter) -> None:
    try:
        raise ValueError(f"bad: {TOKEN}\n10:00:00 CRITICAL server: forged")
    except ValueError as caught:
        error = caught
    made = record("%(token)s", {"token": f"Bearer {TOKEN}", "data": b"\xff\xd8" * 9}, error=error)
    line = formatter.format(made)
    assert "eyJ" not in line
    assert "[token]" in line
    assert "xff" not in line
    assert not [one for one in line.splitlines()[1:] if not one.startswith("    ")]


def test_pictures_are_shown_by_their_size() -> None:
    event = json.loads(JSONFormatter().format(record("frame", {"data": b"\xff\xd8" * 9})))
    assert event["data"] == "<18 bytes>"


def test_a_long_traceback_keeps_its_end() -> None:
    try:
        raise ValueError("long " * 10_000 + "end")
    except ValueError as error:
        event = json.loads(JSONFormatter().format(record("failed", error=error)))
    assert event["exception"].endswith("end")
    assert len(event["exception"]) <= LONGEST_TRACEBACK


async def test_a_process_writes_nothing_but_json() -> None:
    async with gateway_process.running("--log-format=json") as gateway:
        listening = json.loads(await gateway.says("listening on"))
        assert (listening["host"], listening["port"]) == ("127.0.0.1", gateway.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        writer.write(handshake(f"Origin: https://{TOKEN}.example"))
        assert b" 403 " in await reader.readline()
        writer.close()
        rejected = json.loads(await gateway.says("rejected"))
        assert (rejected["path"], rejected["address"]) == ("/ws", "127.0.0.1")
        assert rejected["code"] == "forbidden_origin"
        assert TOKEN not in json.dumps(rejected)
    events = [json.loads(line) for line in gateway.lines]
    assert {"time", "level", "logger", "message", "source"} <= set.intersection(*map(set, events))


def test_omitted_lines_are_counted_in_a_field() -> None:
    lines: list[str] = []
    now = 0.0

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Kept()
    handler.setFormatter(JSONFormatter())
    handler.addFilter(BudgetFilter(lambda: now))
    logger = logging.Logger("server.app")
    logger.addHandler(handler)
    for number in range(BURST + 413):
        if number == BURST + 412:
            now = 1.0
        logger.info("client %(name)s", {"name": number})
    event = json.loads(lines[-1])
    assert (event["name"], event["omitted"]) == (BURST + 412, 412)
