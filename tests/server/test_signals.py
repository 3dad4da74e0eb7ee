"""Signals, to a gateway as a process."""

from __future__ import annotations

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
from tests.server.access import keyring
from tests.server.gateway_process import PATIENCE_S, running

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
