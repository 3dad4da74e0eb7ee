"""docs/capacity.md: its arithmetic, its formula, and why gateways that share have fewer calls."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from server.settings import Settings
from tests.capacity.fleet import MAX_BATCH, ModelServer, Observed, observe

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
