"""The conformance kit is true, our clients pass it, and a client with faults does not."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgpack
import pytest

from conformance.__main__ import main
from conformance.kit import load
from conformance.playing import Player
from server.core.messages import Limits
from server.core.wire import JSON, decode
from server.transport.encodings import MSGPACK
from tests.server.handlers.documents import ASYNCAPI, invalid, undocumented

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
KIT = load()
MESSAGES = ASYNCAPI["components"]["messages"]
LIMITS = Limits(4, 100_000, 1_000_000, 500)
OURS = {
    "python": (sys.executable, "-m", "conformance.adapters.python"),
    "javascript": (
        *("node", "--experimental-websocket", "--no-warnings"),
        "conformance/adapters/javascript.mjs",
    ),
}


# The kit


def unwritten(value: Any, text: bool) -> Any:
    """A value of the kit as it is on the wire."""
    if isinstance(value, dict) and "$bin" in value:
        return value["$bin"] if text else base64.b64decode(value["$bin"])
    if isinstance(value, dict):
        return {name: unwritten(item, text) for name, item in value.items()}
    return [unwritten(item, text) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("vector", KIT.codec, ids=lambda vector: vector["name"])
def test_a_message_is_the_same_in_both_encodings(vector: dict[str, Any]) -> None:
    packed = bytes.fromhex(vector["msgpack"])
    assert msgpack.unpackb(packed) == unwritten(vector["value"], text=False)
    assert MSGPACK.pack(unwritten(vector["value"], text=False)) == packed
    assert json.loads(vector["json"]) == unwritten(vector["value"], text=True)
    kind = vector["value"]["type"]
    for value, text in ((json.loads(vector["json"]), True), (msgpack.unpackb(packed), False)):
        assert invalid(value, MESSAGES[kind]["payload"], text) == []
        assert list(undocumented(MESSAGES[kind]["payload"], [value])) == []
    if kind in ("hello", "configure", "frame", "ping"):
        assert decode(packed, MSGPACK, LIMITS) == decode(vector["json"], JSON, LIMITS)


def test_javascript_decodes_the_same(node: str) -> None:
    command = [node, str(Path(__file__).with_name("codec.mjs"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"{len(KIT.codec)}\n"), done.stderr


def test_the_kit_sends_every_type_of_message_as_documented() -> None:
    steps = [step for case in KIT.cases for step in case.steps]
    sent = [KIT.message(step["sends"]) for step in steps if "sends" in step]
    for message in sent:
        if "of_the_future" not in json.dumps(message):
            known = {**message, "id": 1} if "id" in message else message
            assert invalid(known, MESSAGES[message["type"]]["payload"]) == []
    [operation] = [one for one in ASYNCAPI["operations"].values() if one["action"] == "send"]
    types = {message["$ref"].rpartition("/")[2] for message in operation["messages"]}
    assert {message["type"] for message in sent} - {"of_the_future"} == types - {"authorized"}


def test_the_page_explains_every_step() -> None:
    explained = set(re.findall(r"`(\w+)`", PAGE))
    used = {name for case in KIT.cases for step in case.steps for name in step}
    assert used <= explained
    assert all(hasattr(Player, f"_{name}") for name in used)
    assert len({case.name for case in KIT.cases}) == len(KIT.cases)


# Clients


async def check(*arguments: str) -> tuple[int | None, str]:
    """Run the kit; its exit status, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "conformance", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


async def test_our_clients_pass(node: str) -> None:
    names = [case.name for case in KIT.cases]
    checks = [
        check(*(f"--case={name}" for name in part), "--", *command)
        for command in OURS.values()
        for part in (names[::2], names[1::2])  # most of the time is waiting
    ]
    for status, printed in await asyncio.gather(*checks):
        assert (status, ", 0 failed" in printed) == (0, True), printed


async def test_a_client_with_faults_does_not_pass() -> None:
    names = ("hello-first", "welcome-before-frames", "nothing-found", "ids-increase", "window")
    chosen = [f"--case={name}" for name in names]
    status, printed = await check(*chosen, "--", sys.executable, "tests/conformance/careless.py")
    assert status == 1
    assert re.findall(r"^(pass|FAIL)  ([\w-]+)", printed, re.M) == [
        ("FAIL", "hello-first"),
        ("FAIL", "welcome-before-frames"),
        ("pass", "nothing-found"),
        ("FAIL", "ids-increase"),
        ("FAIL", "window"),
    ]
    assert "frame 1 follows frame 1: ids must increase" in printed
    assert "a frame was sent while there was no session or no model" in printed
    assert "1 passed, 4 failed" in printed


def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.count("\n") == len(KIT.cases)
    for wrong in ([], ["--case=nothing", "--", "true"], ["--", "/no/such/program"]):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2
