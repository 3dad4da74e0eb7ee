"""How old frames get and where their time goes: what is counted for which signature."""

from __future__ import annotations

import pytest

from server.backend.interface import CallTiming
from server.runtime.gateway import Gateway
from server.runtime.latencies import (
    MAX_SIGNATURES,
    STAGES,
    AnsweredBatch,
    Latencies,
    Latency,
    SignatureKey,
)
from server.runtime.metrics import Metrics
from tests.server.camera import Camera, word
from tests.server.puppet import PuppetBackend

KEY = SignatureKey("digits", "1", "serving_default")


def only(latencies: Latencies) -> Latency:
    [latency] = latencies.snapshot()
    return latency


def test_the_stages_add_up_to_the_age() -> None:
    latencies = Latencies()
    timing = CallTiming(10.03, 10.07, "total;dur=25.5")
    latencies.answered(AnsweredBatch(KEY, 3, [9.9, 10.0], 10.02, timing, 10.08, 10.09))
    latency = only(latencies)
    means = {stage: latency.stages_s[stage].total / 2 for stage in STAGES}
    assert means == pytest.approx(
        {"queue": 0.07, "prepare": 0.01, "call": 0.04, "answer": 0.01, "write": 0.01}
    )
    assert {sum(latency.stages_s[stage].counts) for stage in STAGES} == {2}
    age = latency.age_s["result"]
    assert (sum(age.counts), age.total) == (2, pytest.approx(0.26))
    assert age.total == pytest.approx(2 * sum(means.values()) - 2 * means["write"])
    assert sum(latency.transport_s.counts) == 1
    assert latency.transport_s.total == pytest.approx(0.0145)


@pytest.mark.parametrize("said", [None, "", "total", "total;dur=x", "cache;desc=hit"])
def test_a_model_server_that_reports_no_time(said: str | None) -> None:
    latencies = Latencies()
    latencies.answered(AnsweredBatch(KEY, 1, [0.0], 0.1, CallTiming(0.1, 0.2, said), 0.2, 0.2))
    assert sum(only(latencies).transport_s.counts) == 0
    assert sum(only(latencies).stages_s["call"].counts) == 1


def test_a_clock_that_runs_fast_makes_no_negative_transport() -> None:
    latencies = Latencies()
    timing = CallTiming(0.1, 0.2, "total;dur=300")
    latencies.answered(AnsweredBatch(KEY, 1, [0.0], 0.1, timing, 0.2, 0.2))
    assert only(latencies).transport_s.total == 0


def test_the_signature_used_longest_ago_is_evicted() -> None:
    latencies = Latencies()
    for number in range(2 * MAX_SIGNATURES):
        latencies.failed(SignatureKey("digits", str(number), "s"), "dropped", 0.1)
        latencies.failed(KEY, "error", 0.1)
    found = {latency.key: latency for latency in latencies.snapshot()}
    assert len(found) == MAX_SIGNATURES
    assert sum(found[KEY].age_s["error"].counts) == 2 * MAX_SIGNATURES


async def test_each_outcome_is_counted_with_its_version(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    (await puppet.next_call()).answer(version=7)
    await camera.outcome(1)
    for number in range(2, 9):
        camera.shoot(number)
    assert "superseded" in {word(outcome) for outcome in camera.outcomes.values()}
    puppet.go_away()
    await camera.until(lambda: len(camera.outcomes) == 8)
    counted = {
        (outcome, latency.key.version): sum(values.counts)
        for latency in gateway.statistics().latencies
        for outcome, values in latency.age_s.items()
        if sum(values.counts)
    }
    words = [word(outcome) for outcome in camera.outcomes.values()]
    assert counted == {
        ("result", "7"): 1,
        ("dropped", "1"): words.count("superseded"),
        ("error", "1"): 1,  # it waited; the others were in calls when the model was gone
        ("error", "newest"): words.count("backend_unavailable") - 1,
    }


async def test_prometheus_shows_them(gateway: Gateway, puppet: PuppetBackend) -> None:
    camera = await Camera(gateway).open()
    camera.shoot(1)
    (await puppet.next_call()).answer()
    await camera.outcome(1)
    value = Metrics(gateway).registry.get_sample_value
    labels = {"model": "digits", "version": "1", "signature": "serving_default"}
    counted = {**labels, "outcome": "result"}
    assert value("framewire_frame_age_seconds_count", counted) == 1
    assert value("framewire_stage_seconds_count", {**labels, "stage": "queue"}) == 1
    assert value("framewire_total_seconds_count") == 1


async def test_what_runs_is_said_in_labels(gateway: Gateway) -> None:
    lines = (await Metrics(gateway).page()).decode().splitlines()
    [line] = [line for line in lines if line.startswith("framewire_build_info{")]
    assert line.endswith(" 1.0")
    assert 'version="' in line
