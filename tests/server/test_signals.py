"""Signals, to a gateway as a process."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.stack import ROOT
from server import signalqueue
from tests.server.access import keyring
from tests.server.gateway_process import PATIENCE_S, running

TOKEN = "correct-horse-battery-staple"
# A gateway that gets a signal before it has an event loop, or when it has none any more.
EARLY = """
import os, sys
from server.__main__ import run
from server import settings
load = settings.load
def interrupted(*arguments):
    os.kill(os.getpid(), {number})
    return load(*arguments)
settings.load = interrupted
sys.exit(run(sys.argv[1:]))
"""
LATE = """
import atexit, os, sys
from server.__main__ import run
atexit.register(os.kill, os.getpid(), {number})
sys.exit(run(sys.argv[1:]))
"""
SERVER = f"{sys.executable} -m server --port=0 --backend=127.0.0.1:1"


async def test_sighup_ends_no_gateway(tmp_path: Path) -> None:
    async with running() as gateway:
        await gateway.says("listening on")
        gateway.process.send_signal(signal.SIGHUP)
        await gateway.says("SIGHUP: no files to reload")
    assert gateway.process.returncode == 0


async def test_sighup_reads_files_again(tmp_path: Path) -> None:
    keys = keyring.write(tmp_path / "keys.json", keyring.secret("one"))
    async with running(f"--token-keys={keys}") as gateway:
        await gateway.says("listening on")
        gateway.process.send_signal(signal.SIGHUP)
        await gateway.says("SIGHUP: reloading files")


@pytest.mark.parametrize("workers", [1, 2])
async def test_sighup_reads_admin_tokens_again(workers: int, tmp_path: Path) -> None:
    tokens = tmp_path / "admin.tokens"
    await asyncio.to_thread(tokens.write_text, f"alice {TOKEN}")
    flags = ("--admin=0", f"--admin-tokens={tokens}", f"--workers={workers}")
    async with running(*flags) as gateway:
        await gateway.says("dashboard: open")
        await asyncio.to_thread(tokens.write_text, "alice")
        gateway.process.send_signal(signal.SIGHUP)
        problem = "line 1: must be a name and a token; keeping the previous content"
        await gateway.says(problem)
        # Workers say that they have no files to reload, before it or after.
        assert any("SIGHUP: " in line for line in gateway.lines)
        assert any("admin_tokens: " in line and problem in line for line in gateway.lines)


@pytest.mark.parametrize("workers", [1, 2])
async def test_sighup_while_it_starts_ends_no_gateway(workers: int) -> None:
    program = ("-c", EARLY.format(number=int(signal.SIGHUP)))
    async with running(f"--workers={workers}", program=program) as gateway:
        await gateway.says("listening on")
        await gateway.says("SIGHUP: ")
    assert gateway.process.returncode == 0


@pytest.mark.parametrize("number", signalqueue.STOPS)
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_gateway_that_is_stopped_while_it_starts(workers: int, number: int) -> None:
    program = ("-c", EARLY.format(number=int(number)))
    async with running(f"--workers={workers}", program=program) as gateway:
        await asyncio.wait_for(gateway.process.wait(), PATIENCE_S)
    assert gateway.process.returncode == 0
    assert any("stopping" in line for line in gateway.lines)


@pytest.mark.parametrize("number", signalqueue.STOPS)
async def test_a_second_signal_ends_a_start_that_hangs(tmp_path: Path, number: int) -> None:
    fifo = tmp_path / "settings.toml"  # nobody writes to it
    os.mkfifo(fifo)
    program = ("-c", EARLY.format(number=int(number)))
    async with running(f"--config={fifo}", program=program) as gateway:
        writer = await asyncio.to_thread(os.open, fifo, os.O_WRONLY)  # it has opened the file
        gateway.process.send_signal(number)
        await asyncio.wait_for(gateway.process.wait(), PATIENCE_S)
        os.close(writer)
    assert gateway.process.returncode == -number


@pytest.mark.parametrize("number", [*signalqueue.STOPS, signal.SIGHUP])
@pytest.mark.parametrize("workers", [1, 2])
async def test_a_signal_while_it_ends_changes_no_status(workers: int, number: int) -> None:
    program = ("-c", LATE.format(number=int(number)))
    async with running(f"--workers={workers}", program=program) as gateway:
        await gateway.says("listening on")
    assert gateway.process.returncode == 0


@pytest.fixture
def terminal(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[int, Path]]:
    """A terminal in which a gateway runs, and what it logs elsewhere."""
    master, slave = pty.openpty()
    said = tmp_path / "log"
    leader = subprocess.Popen(
        ["setsid", "--ctty", "--wait", "sh", "-c", f"{request.param} >/dev/null 2>{said}; exit $?"],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    yield master, said
    leader.kill()
    leader.wait()


@pytest.mark.parametrize("terminal", [SERVER], indirect=True)
def test_a_closed_terminal_ends_its_gateway(terminal: tuple[int, Path]) -> None:
    master, said = terminal
    wait_for(said, "listening on")
    os.close(master)
    wait_for(said, "stopping")


@pytest.mark.parametrize("terminal", [f"exec nohup {SERVER}"], indirect=True)
def test_nohup_outlives_its_terminal(terminal: tuple[int, Path]) -> None:
    master, said = terminal
    wait_for(said, "listening on")
    os.close(master)
    wait_for(said, "SIGHUP: no files to reload")
    assert "stopping" not in said.read_text()


def wait_for(log: Path, words: str) -> None:
    """Until a log says so."""
    deadline = time.monotonic() + PATIENCE_S
    while not log.exists() or words not in log.read_text():
        assert time.monotonic() < deadline, log.exists() and log.read_text()
        time.sleep(0.02)
