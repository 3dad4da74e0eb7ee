"""Counts: their buckets, what is kept for each version, and how Prometheus shows them."""

from __future__ import annotations

import pytest

from server.runtime.gateway import Gateway
from server.runtime.histogram import Distribution, Histogram
from server.runtime.latencies import AnsweredBatch, SignatureKey
from server.runtime.metrics import Metrics
from server.runtime.statistics import MAX_VERSIONS, Counters
from tests.server.camera import Camera
from tests.server.puppet import PuppetBackend


def test_a_value_falls_into_the_first_bucket_that_reaches_it() -> None:
    histogram = Histogram((1, 2, 4))
    for value in (0.5, 1, 1.5, 4, 5, 100):
        histogram.observe(value)
    assert histogram.snapshot() == Distribution((1, 2, 4), (2, 1, 1, 2), 112.0)


def batch(version: int, results: int) -> AnsweredBatch:
    key = SignatureKey("digits", str(version), "serving_default")
    return AnsweredBatch(key, results, [0.0] * results, 0.0, None, 0.01, 0.01)


def test_the_least_recently_used_version_is_evicted() -> None:
    counters = Counters()
    for version in range(3 * MAX_VERSIONS):
        counters.answered(batch(version, 4))
        counters.failed("digits", str(version), 1, "model_failed")
        counters.answered(batch(0, 1))  # in use all the time
    versions = {version.version: version for version in counters.versions}
    assert len(versions) == MAX_VERSIONS
    assert "1" not in versions
    assert versions["0"].results == 4 + 3 * MAX_VERSIONS
    assert versions["0"].errors == {"model_failed": 1}
    assert sum(versions["0"].inference_s.counts) == 1 + 3 * MAX_VERSIONS


async def test_a_snapshot_does_not_change(gateway: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(gateway).open()
    before = gateway.statistics()
    camera.shoot(1)
    (await puppet.next_call()).answer()
    await camera.outcome(1)
    assert (before.accepted, before.outcomes) == (0, {("result", ""): 0})
    after = gateway.statistics()
    assert (after.accepted, after.outcomes) == (1, {("result", ""): 1})
    assert sum(after.total_s.counts) == sum(after.batch_sizes.counts) == 1
    with pytest.raises(AttributeError):
        after.accepted = 2  # type: ignore[misc]


async def test_prometheus_reads_the_snapshot(gateway: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(gateway).open()
    metrics = Metrics(gateway)
    camera.shoot(1)
    (await puppet.next_call()).answer()
    await camera.outcome(1)
    lines = (await metrics.page()).decode().splitlines()
    for line in (
        "# TYPE framewire_frames_total counter",
        'framewire_frames_total{outcome="result",reason=""} 1.0',
        "# TYPE framewire_batch_size histogram",
        'framewire_batch_size_bucket{le="1.0"} 1.0',
        'framewire_batch_size_bucket{le="+Inf"} 1.0',
        "framewire_batch_size_sum 1.0",
        'framewire_model_results_total{model="digits",version="1"} 1.0',
        'framewire_model_sessions{label="",model="digits",version="1"} 1.0',
    ):
        assert line in lines
