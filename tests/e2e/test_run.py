"""``make run`` as a newcomer runs it: both processes start, the URL is printed, Ctrl-C stops."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtest.stack import ROOT, free_port

READY_S = 120.0
STOP_S = 20.0


class Run:
    """``make run`` in a session of its own, as in a terminal."""

    def __init__(self, ports: dict[str, str]) -> None:
        self.lines: list[str] = []
        self.address: str | None = None
        self._ready = threading.Event()
        environment = {**os.environ, **ports}
        self.process = subprocess.Popen(
            ["make", "run", f"PYTHON={sys.executable}"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def wait_until_ready(self) -> str:
        """Return the URL that it prints."""
        assert self._ready.wait(READY_S), "".join(self.lines)
        assert self.address is not None, "".join(self.lines)
        return self.address

    def interrupt(self) -> float:
        """Press Ctrl-C, which signals the whole process group. Returns how long stopping took."""
        started = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(READY_S)
        return time.monotonic() - started

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            found = re.search(r"ready: open (http://\S+)", line)
            if found:
                self.address = found[1]
                self._ready.set()
        self._ready.set()


@pytest.fixture
def run(demo_models: Path) -> Iterator[Run]:
    """With the demo model in place; tests/test_wheel.py has it exported."""
    models = ROOT / "models"
    if not (models / "digits").exists():
        models.mkdir(exist_ok=True)
        shutil.copytree(demo_models / "digits", models / ".digits")
        (models / ".digits").rename(models / "digits")
    ports = {name: str(free_port()) for name in ("PORT", "GRPC_PORT", "REST_PORT")}
    started = Run(ports)
    yield started
    if started.process.poll() is None:
        started.interrupt()


def test_make_run_answers_and_ctrl_c_leaves_nothing(run: Run) -> None:
    address = run.wait_until_ready()
    with urllib.request.urlopen(address, timeout=10) as page:
        assert "Framewire" in page.read().decode()
    with urllib.request.urlopen(f"{address}readyz", timeout=10) as ready:
        assert ready.status == 200
    started = _processes_of(run)
    assert any("modelserver" in command for command in started.values())
    assert any("-m server" in command for command in started.values())

    took_s = run.interrupt()

    assert took_s < STOP_S, f"{took_s:.1f} s\n{''.join(run.lines)}"
    assert not {pid: command for pid, command in started.items() if _runs(pid)}
    assert not [line for line in run.lines if "Traceback" in line or "***" in line]


def _runs(pid: int) -> bool:
    """Whether a process is still running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _processes_of(run: Run) -> dict[int, str]:
    """Every descendant of ``make run``, with its command line."""
    parents: dict[int, tuple[int, str]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            parents[int(folder.name)] = (int(stat[1]), command)
    found = {run.process.pid: "make run"}
    grew = True
    while grew:
        more = {
            pid: command
            for pid, (parent, command) in parents.items()
            if parent in found and pid not in found
        }
        found.update(more)
        grew = bool(more)
    return found
