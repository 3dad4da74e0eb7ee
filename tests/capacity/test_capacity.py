"""docs/capacity.md: its arithmetic, its formula, and why gateways that share have fewer calls."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import pytest

from server.settings import Settings
from tests.capacity import compare
from tests.capacity.fleet import MAX_BATCH, ModelServer, Observed, observe
from tests.capacity.machine import Costs
from tests.server.core.simulation import Clock

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "capacity.md").read_text(encoding="utf-8")
KEDA = ROOT / "deploy" / "kubernetes" / "components" / "keda" / "scaledobject.yaml"

# What the page takes from measurements.
FRAMES_PER_S = 10
FRAME_KB = 39
MODEL_MS, MODEL_LOAD = 2.2, 0.7
GATEWAY_MS, GATEWAY_LOAD = 0.25, 0.6
LOAD = 0.7
C = ModelServer().fixed_s / ModelServer().frame_s


def rows() -> list[list[float]]:
    """Cameras, frames/s, cores of model servers and gateways, of each row of the table."""
    number = r"\| ([\d,.]+) "
    lines = re.findall(rf"^{number * 4}\| [\d.]+ .bit/s", PAGE, re.M)
    return [[float(cell.replace(",", "")) for cell in line] for line in lines]


def test_the_table_is_calculated_from_what_was_measured() -> None:
    assert [row[0] for row in rows()] == [10**exponent for exponent in range(7)]
    for cameras, frames, cores, gateways in rows():
        assert frames == FRAMES_PER_S * cameras
        assert cores == pytest.approx(frames * MODEL_MS / 1000 / MODEL_LOAD, rel=0.05)
        assert gateways == math.ceil(frames * GATEWAY_MS / 1000 / GATEWAY_LOAD)


def test_what_was_measured_is_on_the_pages_that_it_is_taken_from() -> None:
    performance = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert f"{MODEL_MS} ms of CPU time per picture in a batch of 16" in performance
    assert "214 to 275 µs of the gateway's CPU time" in performance
    assert 0.214 < GATEWAY_MS < 0.275
    assert f"640x480 pixels and {FRAME_KB} KB" in performance


@pytest.fixture(scope="module")
def alone() -> Observed:
    """One gateway with a model server of its own."""
    return observe(1, 1, LOAD)


def load_of(mean_batch: float) -> float:
    """The page's formula."""
    return mean_batch / (mean_batch + C) * (1 + C / MAX_BATCH)


def test_the_size_of_batches_tells_the_load(alone: Observed) -> None:
    assert alone.answered == 1.0
    assert alone.busy > 0.9
    assert load_of(alone.mean_batch) == pytest.approx(LOAD, abs=0.05)


def test_keda_scales_by_that_formula() -> None:
    text = KEDA.read_text(encoding="utf-8")
    [scale, c] = re.findall(r"([\d.]+) / \(1 \+ ([\d.]+) \*", text)[0]
    assert float(c) == pytest.approx(C, abs=0.05)
    assert float(scale) == pytest.approx(1 + C / Settings().max_batch, abs=0.01)


def test_gateways_that_share_model_servers_need_fewer_calls(alone: Observed) -> None:
    shared, bounded = observe(4, 1, LOAD), observe(4, 1, LOAD, max_calls=1)
    assert shared.p99_ms > 2 * bounded.p99_ms
    assert bounded.p99_ms < 2 * alone.p99_ms
    assert bounded.answered == 1.0


# The comparison with the real thing


@pytest.mark.parametrize(("runs", "ends_at"), [(None, [0.02, 0.02]), (1, [0.01, 0.02])])
def test_an_embedded_model_server_queues_calls(runs: int | None, ends_at: list[float]) -> None:
    clock, ended = Clock(), []
    server = ModelServer(runs, cores=1, fixed_s=0.01, frame_s=0.0, noise=0.0)
    for _ in range(2):
        server.serve(clock, random.Random(1), 1, lambda outcome: ended.append(clock.now))
    clock.run(1)
    assert ended == pytest.approx(ends_at)
    assert server.worked_s == pytest.approx(0.02)


def test_what_gateways_and_cameras_cost_is_missing_from_the_model_server() -> None:
    model = Costs(0.004, 0.0022, 0.0, 0.0, 0.0)
    everything = Costs(0.004, 0.0022, 0.0008, 0.0002, 0.0001)
    free, dear = (compare.simulated(1, 2, costs, warm_s=1.0) for costs in (model, everything))
    assert dear.mean_batch == pytest.approx(free.mean_batch, rel=0.1)
    per_frame_s = [1 / seen.frames_per_s for seen in (free, dear)]
    extra_s = 0.0003 + 0.0008 / dear.mean_batch
    assert per_frame_s[1] - per_frame_s[0] == pytest.approx(extra_s / 2, rel=0.5)


def test_the_comparison_says_what_agrees() -> None:
    seen = compare.Observed(500.0, 10.0)
    words = [
        compare.row(2, 256, seen, compare.Observed(frames_per_s, batch)).split(" | ")[-1]
        for frames_per_s, batch in ((505, 10.5), (600, 10.5), (505, 8), (600, 8))
    ]
    assert words == ["yes |", "batches only |", "frames/s only |", "**no** |"]
