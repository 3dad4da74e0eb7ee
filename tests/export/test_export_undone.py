"""Interrupted exports leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loadtest.stack import ROOT

COMMAND = (sys.executable, "-m", "export", "savedmodel", "--version=3")
WAIT_S = 60.0
PROGRAM = """
import sys
from types import ModuleType
from zipfile import ZipFile
import export.__main__ as program

def run(options):
    WORK

def add_parser(commands):
    commands.add_parser("run").set_defaults(command=run)

command = ModuleType("run")
command.SUMMARY, command.add_parser = "", add_parser
program.GROUPS = {"": (command,)}
sys.exit(program.main(["run"]))
"""
INTERRUPTED = {
    # CPython would end the process by SIGINT.
    "in an exec": 'exec("raise KeyboardInterrupt")',
    # Closing the file fails.
    "in a zip file": """
    with ZipFile("archive.zip", "w") as archive:
        member = archive.open("member", "w")
        raise KeyboardInterrupt
""",
}


def start(target: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, f"--output={target}", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(what: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not what():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def left_in(target: Path) -> list[str]:
    return sorted(path.name for path in target.iterdir() if path.name != ".lock")


def children(process: subprocess.Popen[str]) -> list[int]:
    found = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [int(number) for path in found for number in path.read_text().split()]


def is_running(pid: int) -> bool:
    """Return whether the process runs; zombies do not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_signal_while_writing(tmp_path: Path) -> None:
    process = start(tmp_path)
    wait_for(lambda: any(tmp_path.glob(".staging*/saved_model.pb")), process)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=WAIT_S)
    assert (process.returncode, error) == (130, "export: interrupted\n")
    assert left_in(tmp_path) == []


def test_a_signal_while_a_model_server_verifies(tmp_path: Path) -> None:
    process = start(tmp_path, "--verify=full")
    wait_for(lambda: bool(children(process)), process)
    [server] = children(process)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=WAIT_S)
    assert (process.returncode, error) == (130, "export: interrupted\n")
    assert left_in(tmp_path) == []
    deadline = time.monotonic() + WAIT_S
    while is_running(server):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("work", INTERRUPTED.values(), ids=INTERRUPTED)
def test_an_interrupt_anywhere_has_the_same_status(tmp_path: Path, work: str) -> None:
    (tmp_path / "interrupted.py").write_text(PROGRAM.replace("WORK", work))
    ended = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "export: interrupted\n")
