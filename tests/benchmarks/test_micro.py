"""``make bench``: steps, ratios and the baseline that they are compared with."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest

from benchmarks.micro import __main__, baseline, timing
from benchmarks.micro.__main__ import ATTEMPTS, measured
from benchmarks.micro.steps import STEPS
from benchmarks.micro.timing import loop, ratio


@pytest.mark.parametrize("name", STEPS)
def test_steps_can_be_repeated(name: str) -> None:
    step = STEPS[name]()
    assert ratio(step, rounds=2) > 0


def test_the_least_times_count(monkeypatch: pytest.MonkeyPatch) -> None:
    took = {loop: iter([4.0, 2.0, 3.0]), print: iter([9.0, 5.0, 3.0])}
    monkeypatch.setattr(timing, "_seconds", lambda run: next(took[run]))
    assert ratio(print, rounds=3) == 1.5


def test_the_baseline_is_kept_by_kind_of_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "baseline.json"
    baseline.store({"receive": 0.51234}, file)
    monkeypatch.setattr(baseline, "kind", lambda: "3.99 on m68k")
    assert baseline.stored(file) is None
    baseline.store({"receive": 0.4}, file)
    assert baseline.stored(file) == {"receive": 0.4}
    monkeypatch.undo()
    assert baseline.stored(file) == {"receive": 0.512}


def test_every_step_has_a_baseline_on_each_kind() -> None:
    stored = json.loads(baseline.FILE.read_text(encoding="utf-8"))
    assert {"3.11 on AuthenticAMD", "3.11 on GenuineIntel"} <= stored.keys()
    assert all(set(ratios) == set(STEPS) for ratios in stored.values())


@pytest.mark.parametrize(
    ("cpuinfo", "maker"),
    [
        ("processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t: 1\n", "GenuineIntel"),
        ("processor\t: 0\nCPU implementer\t: 0x41\n", platform.machine()),
        (None, platform.machine()),
    ],
)
def test_the_maker_of_the_processor(tmp_path: Path, cpuinfo: str | None, maker: str) -> None:
    file = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        file.write_text(cpuinfo, encoding="utf-8")
    assert baseline._maker(file) == maker


@pytest.mark.parametrize(
    ("ratios", "slow"),
    [
        ([1.29], []),
        ([1.31] * ATTEMPTS, ["step"]),
        ([2.0, 1.31, 1.1], []),  # the machine was busy at first
    ],
)
def test_a_step_is_slower_if_it_always_is(ratios: list[float], slow: list[str]) -> None:
    times = iter(ratios)
    found = measured({"step": loop}, {"step": 1.0}, lambda step: next(times))
    assert found == ({"step": min(ratios)}, slow)
    assert next(times, None) is None


def test_the_exit_status_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = dict.fromkeys(STEPS, 1.0)
    monkeypatch.setattr(baseline, "stored", lambda: stored)
    for slow, status in (([], 0), (["receive"], 1)):
        monkeypatch.setattr(__main__, "measured", lambda *_, slow=slow: (stored, slow))
        assert __main__.main([]) == status
        assert ("slower by 1.3 or more: receive" in capsys.readouterr().out) == bool(slow)
