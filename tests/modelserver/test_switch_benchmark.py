"""Many version switches under load, with the server in a process of its own."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import pytest

from loadtest import procfs
from modelserver.benchmarks import switching
from tests import forked

CLIENTS, SWITCHES = 4, 3
PATIENCE_S = 60.0


def test_switches_under_load_fail_no_call_and_keep_no_memory(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "QUIET_S", 0.3)
    monkeypatch.setattr(switching, "SETTLE_S", 0.3)
    outcome = switching.measure(models / "pictures" / "1", tmp_path, CLIENTS, SWITCHES, poll_s=0.05)
    assert outcome.failed == 0
    assert outcome.after_mb < outcome.before_mb * 1.1


def wait_for(log: Path, pattern: str) -> None:
    """Wait until the log has a line with the pattern."""
    deadline = time.monotonic() + PATIENCE_S
    while not re.search(pattern, log.read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.005)


def test_memory_does_not_grow_over_fifty_switches(models: Path, tmp_path: Path) -> None:
    """The first switches need memory for a second version; the others must not need more."""
    source, base, log = models / "half_plus" / "1", tmp_path / "model", tmp_path / "log"
    log.touch()
    switching.publish(source, base, 1)
    flags = ("--port=0", f"--model_base_path={base}", "--file_system_poll_wait_seconds=0.01")
    program = forked.Program(["modelserver", *flags], output=log, errors=log)
    memory_mb = []
    try:
        wait_for(log, "gRPC on port")
        for version in range(2, 52):
            switching.publish(source, base, version)
            wait_for(log, f"version {version - 1}: unloaded")
            shutil.rmtree(base / str(version - 1))
            memory_mb.append(procfs.resident_mb(program.pid))
    finally:
        program.kill()
    assert max(memory_mb[-10:]) < max(memory_mb[15:25]) * 1.03
