"""A candidate that gets frames as well, and whose answers only the operator sees."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from framewire.agreement import Comparison as Compared
from framewire.agreement import Tally
from server.backend.interface import BackendFailed, Inference
from server.core import mirroring
from server.core.answers import BoxMasks, Detections
from server.core.balancing import Balancer
from server.core.errors import (
    BadFrame,
    BatchRejected,
    DeadlineExceeded,
    ModelFailed,
    UnknownModel,
)
from server.core.messages import Options, Result
from server.core.model import ModelKey
from server.runtime import comparisons, shadow
from server.runtime.comparisons import CANDIDATE, CURRENT, Comparison, ComparisonKey, Comparisons
from server.runtime.gateway import Gateway
from server.runtime.limits import new_slots
from server.runtime.metrics import Metrics
from server.runtime.shadow import Shadow
from server.runtime.statistics import Counters
from server.runtime.totals import total
from server.settings import Settings
from tests.server.camera import Camera
from tests.server.puppet import CANARY, PuppetBackend, answer_to, model
from tests.server.samples import frame
from tests.server.waiting import turn, until

SETTINGS = Settings(max_staleness_ms=600_000, shadow="canary", shadow_share=1.0)
KEY = ComparisonKey("digits", "1", "2")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "BUSY", 1.0)
    monkeypatch.setattr(mirroring, "MOST", 1.0)
    monkeypatch.setattr(shadow, "SETTLE_S", 0.0)


@pytest.fixture
def candidate() -> PuppetBackend:
    """The model servers, as the shadow sees them over its own connection."""
    backend = PuppetBackend()
    backend.models[CANARY] = model(CANARY, 2)
    return backend


@pytest_asyncio.fixture
async def gateway(puppet: PuppetBackend, candidate: PuppetBackend) -> AsyncIterator[Gateway]:
    """A gateway whose shadow knows its candidate."""
    counters = Counters()
    following = Shadow(SETTINGS, candidate, None, counters.comparisons)
    made = Gateway(SETTINGS, following.mirrored(puppet), counters=counters)
    made.start()
    following.start()
    await until(lambda: following._models.current(CANARY) is not None)
    yield made
    await made.drain(0)
    await following.close()
    assert candidate.closed


def compared(gateway: Gateway) -> Comparison:
    [comparison] = gateway.statistics().comparisons
    return comparison


async def shown(gateway: Gateway, puppet: PuppetBackend, frame_id: int = 1) -> Camera:
    """A camera whose frame the users' version has answered."""
    camera = await Camera(gateway).open()
    camera.shoot(frame_id)
    (await puppet.next_call()).answer()
    await camera.outcome(frame_id)
    return camera


async def test_answers_are_compared_and_only_the_users_get_out(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    camera = await shown(gateway, puppet)
    call = await candidate.next_call()
    assert (call.lane.model, call.ids) == (CANARY, [1])
    call.answer_with([Detections([[0.0, 0.0, 0.5, 0.5]], [0.9], [0])], version=2)
    await until(lambda: bool(gateway.statistics().comparisons))
    seen = compared(gateway)
    assert (seen.key, seen.frames) == (KEY, {"compared": 1})
    assert seen.objects == {("one", "missed"): 1, ("zero", "added"): 1}
    assert (sum(seen.share.counts), seen.share.total) == (1, 0.0)
    outcome = await camera.outcome(1)
    assert isinstance(outcome, Result)
    assert (outcome.model_version, outcome.answer) == (1, answer_to(frame(1)))
    statistics = gateway.statistics()
    assert statistics.outcomes == {("result", ""): 1}
    assert [version.version for version in statistics.versions] == ["1"]
    assert total([statistics, statistics]).comparisons[0].frames == {"compared": 2}


async def test_a_candidate_whose_masks_are_wrong_misses_objects(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    def found(*runs: int) -> Detections:
        return Detections([[0.0, 0.0, 0.5, 0.5]], [0.9], [0], masks=BoxMasks(4, 4, [runs]))

    camera = await Camera(gateway).open()
    for number, runs in enumerate([(0, 8, 8), (8, 8), (16,)], 1):
        camera.shoot(number)
        (await puppet.next_call()).answer_with([found(0, 8, 8)])
        await camera.outcome(number)
        (await candidate.next_call()).answer_with([found(*runs)], version=2)
    await until(lambda: compared(gateway).frames == {"compared": 3})
    seen = {("zero", "paired"): 1, ("zero", "missed"): 2, ("zero", "added"): 2}
    assert compared(gateway).objects == seen


async def test_a_frame_waits_until_no_users_call_is_under_way(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    one, other = await Camera(gateway).open(), await Camera(gateway).open()
    one.shoot(1)
    first = await puppet.next_call()
    other.shoot(2)
    second = await puppet.next_call()
    first.answer()
    await one.outcome(1)
    await turn()
    assert candidate.calls == []
    second.fail(ModelFailed("no kernel"))
    await other.outcome(2)
    assert (await candidate.next_call()).ids == [1]


async def test_of_the_frames_that_wait_the_newest_is_sent(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    camera = await shown(gateway, puppet)
    under_way = await candidate.next_call()
    for number in (2, 3):
        camera.shoot(number)
        (await puppet.next_call()).answer()
        await camera.outcome(number)
    await turn()
    assert compared(gateway).frames == {"skipped": 1}
    under_way.answer(version=2)
    assert (await candidate.next_call()).ids == [3]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BatchRejected("cannot decode"), "bad_frame"),
        (DeadlineExceeded(), "expired"),
        (UnknownModel("no such label"), "unknown_model"),
        (BackendFailed(ModelFailed("no kernel")), "model_failed"),
    ],
)
async def test_the_candidates_errors_are_counted_and_harm_nobody(
    gateway: Gateway,
    puppet: PuppetBackend,
    candidate: PuppetBackend,
    error: Exception,
    code: str,
) -> None:
    camera = await shown(gateway, puppet)
    (await candidate.next_call()).fail(error)
    await until(lambda: bool(gateway.statistics().comparisons))
    assert compared(gateway).frames == {code: 1}
    assert isinstance(await camera.outcome(1), Result)
    assert gateway.statistics().outcomes == {("result", ""): 1}


async def test_a_picture_that_only_the_candidate_cannot_decode(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    await shown(gateway, puppet)
    (await candidate.next_call()).answer_with([BadFrame("cut off")], version=2)
    await until(lambda: bool(gateway.statistics().comparisons))
    assert compared(gateway).frames == {"bad_frame": 1}


async def test_a_format_that_the_candidate_does_not_take(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    candidate.models[CANARY] = model(CANARY, 3, "png")
    await shown(gateway, puppet)
    (await candidate.next_call()).fail(UnknownModel("it has just moved"))
    await until(lambda: candidate.lookups.count(CANARY) > 1)
    await turn()
    await shown(gateway, puppet)
    await until(lambda: len(gateway.statistics().comparisons) == 2)
    assert gateway.statistics().comparisons[-1].frames == {"unsupported": 1}
    assert len(candidate.calls) == 1


async def test_what_the_candidate_answered_itself_is_not_compared(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    puppet.models[ModelKey("digits", version=2)] = model(ModelKey("digits", version=2), 2)
    camera = await Camera(gateway).open(Options(version=2))
    camera.shoot(1)
    (await puppet.next_call()).answer(version=2)
    await camera.outcome(1)
    await turn()
    assert candidate.calls == []


async def test_a_label_that_has_just_moved_compares_nothing(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    await shown(gateway, puppet)
    lookups = len(candidate.lookups)
    (await candidate.next_call()).answer(version=3)
    await until(lambda: len(candidate.lookups) > lookups)
    assert gateway.statistics().comparisons == []


async def test_a_candidate_that_hangs_ends_with_the_gateway(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    camera = await shown(gateway, puppet)
    await candidate.next_call()
    for number in range(2, 5):
        camera.shoot(number)
        (await puppet.next_call()).answer()
        assert isinstance(await camera.outcome(number), Result)


async def test_an_answer_that_cannot_be_compared_costs_only_itself(
    gateway: Gateway,
    puppet: PuppetBackend,
    candidate: PuppetBackend,
    caplog: pytest.LogCaptureFixture,
) -> None:
    camera = await shown(gateway, puppet)
    broken = Detections([[0.0]], [0.9], [1])
    (await candidate.next_call()).answer_with([broken], version=2)
    await until(lambda: "comparing an answer of the shadow" in caplog.text)
    camera.shoot(2)
    (await puppet.next_call()).answer()
    assert (await candidate.next_call()).ids == [2]


async def test_a_candidate_that_is_not_there_is_logged_once(
    candidate: PuppetBackend, caplog: pytest.LogCaptureFixture
) -> None:
    del candidate.models[CANARY]
    following = Shadow(SETTINGS, candidate, None, Counters().comparisons)
    following.start()
    await until(lambda: "shadow digits:canary: nothing is compared: " in caplog.text)
    assert caplog.text.count("nothing is compared") == 1
    await following.close()


async def test_several_model_servers_keep_slots_of_their_own_for_the_shadow(
    candidate: PuppetBackend,
) -> None:
    balancer = Balancer(lambda: new_slots(SETTINGS))
    balancer.add("a:1").health.connect(0.0)
    following = Shadow(SETTINGS, candidate, balancer, Comparisons())
    following.start()
    await until(lambda: following._models.current(CANARY) is not None)
    following.learnt(model(version=1))
    lane = model().lanes["jpeg"]
    following.answered(lane, [frame()], Inference(1, [answer_to(frame())]))
    call = await candidate.next_call()
    assert balancer.calls == 1
    call.answer(version=2)
    await until(lambda: balancer.calls == 0)
    await following.close()


def test_calls_and_pairs_are_counted() -> None:
    counts = Comparisons()
    tallies = {"one": Tally(1, 1, 0), "two": Tally(2, 0, 1)}
    counts.compared(KEY, Compared(0.6, tallies, {}, [0.9, 0.8, 1.0], [0.3, -0.05]))
    counts.took(KEY, CURRENT, 0.01)
    counts.took(KEY, CANDIDATE, 0.2)
    [seen] = counts.snapshot()
    assert seen.objects == {
        ("one", "paired"): 1,
        ("two", "paired"): 2,
        ("one", "missed"): 1,
        ("two", "added"): 1,
    }
    assert [seen.shift[direction].total for direction in ("up", "down")] == [0.3, 0.05]
    assert seen.iou.total == pytest.approx(2.7)
    assert [seen.call_s[whose].total for whose in (CURRENT, CANDIDATE)] == [0.01, 0.2]


def test_what_is_counted_one_by_one_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "MAX_CLASSES", 2)
    counts = Comparisons()
    tallies = {"a": Tally(missing=2), "b": Tally(0, 1), "c": Tally(0, 1), "d": Tally(0, 1)}
    counts.compared(KEY, Compared(0.0, tallies))
    [seen] = counts.snapshot()
    assert seen.objects == {("a", "missed"): 2, ("b", "missed"): 1, ("other", "missed"): 2}
    for number in range(20):
        counts.frame(ComparisonKey("digits", "1", str(number)), "skipped")
    assert len(counts.snapshot()) == comparisons.MAX_COMPARISONS


async def test_the_metrics_show_both_versions(
    gateway: Gateway, puppet: PuppetBackend, candidate: PuppetBackend
) -> None:
    await shown(gateway, puppet)
    (await candidate.next_call()).answer(version=2)
    await until(lambda: bool(gateway.statistics().comparisons))
    registry = Metrics(gateway).registry
    labels = KEY._asdict()

    def sample(name: str, **more: str) -> float | None:
        return registry.get_sample_value(f"framewire_shadow_{name}", {**labels, **more})

    assert sample("frames_total", outcome="compared") == 1
    assert sample("objects_total", verdict="paired", **{"class": "one"}) == 1
    assert (sample("agreement_count"), sample("agreement_sum")) == (1, 1)
    assert sample("iou_sum") == 1
    assert sample("score_shift_count", direction="down") == 1
    assert sample("call_seconds_count", whose="candidate") == 0  # the puppet measures nothing
