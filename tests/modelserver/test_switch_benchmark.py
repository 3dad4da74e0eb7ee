"""Many switches of versions under many clients, with the server in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelserver.benchmarks import switching

CLIENTS, SWITCHES = 32, 6


def test_switches_under_load_fail_no_call_and_keep_no_memory(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "QUIET_S", 0.5)
    monkeypatch.setattr(switching, "SETTLE_S", 1.0)
    outcome = switching.measure(models / "pictures" / "1", tmp_path, CLIENTS, SWITCHES, poll_s=0.05)
    assert outcome.failed == 0
    assert outcome.after_mb < outcome.before_mb * 1.1
