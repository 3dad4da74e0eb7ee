"""Many version switches under load, with the server in a process of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modelserver.benchmarks import switching

CLIENTS, SWITCHES = 32, 4


def test_switches_under_load_fail_no_call_and_keep_no_memory(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "QUIET_S", 0.5)
    monkeypatch.setattr(switching, "SETTLE_S", 1.0)
    outcome = switching.measure(models / "pictures" / "1", tmp_path, CLIENTS, SWITCHES, poll_s=0.05)
    assert outcome.failed == 0
    assert outcome.after_mb < outcome.before_mb * 1.1


def test_memory_does_not_grow_over_fifty_switches(models: Path, tmp_path: Path) -> None:
    """The first switches need memory for a second version; the others must not need more."""
    source = models / "half_plus" / "1"
    switching.publish(source, tmp_path, 1)
    program = switching.Program(tmp_path, poll_s=0.01)
    memory_mb = []
    try:
        program.wait_for("gRPC on port")
        for version in range(2, 52):
            switching.publish(source, tmp_path, version)
            program.wait_for(f"version {version - 1}: unloaded")
            shutil.rmtree(tmp_path / str(version - 1))
            memory_mb.append(program.memory_mb())
    finally:
        program.stop()
    assert max(memory_mb[-10:]) < max(memory_mb[15:25]) * 1.03
