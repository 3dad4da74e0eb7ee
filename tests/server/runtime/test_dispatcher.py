"""What a failing backend leads to: for the culprit, its neighbours, and those who come next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from server.core.errors import (
    BackendUnavailable,
    BadFrame,
    BatchRejected,
    DeadlineExceeded,
    ModelFailed,
    Overloaded,
    UnknownModel,
)
from server.core.messages import Error, ModelChanged, Options, Outcome, Result
from server.core.model import Lane, ModelKey
from server.core.ring import Member
from server.core.tracking.options import TrackingOptions
from server.core.tracking.tracking import Tracking
from server.runtime.dispatcher import Dispatcher
from server.runtime.gateway import Gateway
from server.runtime.metrics import Metrics
from server.runtime.models import ModelOrError, Models
from server.runtime.statistics import Counters
from server.settings import Settings
from tests.server.camera import Camera, accounts, word
from tests.server.puppet import DIGITS, POISON, Call, PuppetBackend, answer_to, model
from tests.server.runtime.conftest import PATIENT, GatewayFactory
from tests.server.samples import frame
from tests.server.waiting import until


async def crowd(gateway: Gateway, puppet: PuppetBackend, count: int) -> tuple[list[Camera], Call]:
    """Cameras with a frame waiting each, behind one call that keeps the only slot."""
    cameras = [await Camera(gateway).open() for _ in range(count + 1)]
    cameras[-1].shoot(0)
    return cameras[:-1], await puppet.next_call()


@pytest.fixture
def gateway(make_gateway: GatewayFactory) -> Gateway:
    return make_gateway(max_calls=1, max_batch=8)


# Poison


async def test_the_poison_frame_is_found_and_its_neighbours_are_answered(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras, busy = await crowd(gateway, puppet, 8)
    for number, camera in enumerate(cameras):
        camera.shoot(number, POISON if number == 5 else None)
    sizes: list[int] = []

    def judge(call: Call) -> None:
        sizes.append(len(call.frames))
        call.judge()

    puppet.obey = judge
    busy.answer()
    found = [await camera.outcome(number) for number, camera in enumerate(cameras)]
    assert [word(one) for one in found] == ["result"] * 5 + ["bad_frame"] + ["result"] * 2
    culprit = found[5]
    assert isinstance(culprit, Error)
    assert culprit.message == "the model rejects this picture: cannot decode"
    # 8, then 4+4, 2+2, 1+1: only the half with the culprit is cut again.
    assert sizes == [8, 4, 4, 2, 1, 1, 2]
    assert [one.batch for one in found if isinstance(one, Result)] == [4, 4, 4, 4, 1, 2, 2]


async def test_the_culprits_session_travels_alone_until_it_is_answered(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras, busy = await crowd(gateway, puppet, 3)
    puppet.obey = Call.judge
    cameras[0].shoot(1, POISON)
    busy.answer()
    assert word(await cameras[0].outcome(1)) == "bad_frame"
    puppet.obey = None
    assert await sizes_of_batches(puppet, cameras[2], cameras[:2], 2) == [1, 1]
    assert await sizes_of_batches(puppet, cameras[2], cameras[:2], 3) == [2]


async def sizes_of_batches(
    puppet: PuppetBackend, holder: Camera, cameras: list[Camera], frame_id: int
) -> list[int]:
    """How frames of ``cameras`` are batched that wait together, while ``holder`` has the slot."""
    holder.shoot(frame_id)
    call = await puppet.next_call()
    for camera in cameras:
        camera.shoot(frame_id)
    sizes: list[int] = []
    while sum(sizes) < len(cameras):
        call.answer()
        call = await puppet.next_call()
        sizes.append(len(call.frames))
    call.answer()
    for camera in cameras:
        assert word(await camera.outcome(frame_id)) == "result"
    return sizes


async def test_several_poison_frames(gateway: Gateway, puppet: PuppetBackend) -> None:
    cameras, busy = await crowd(gateway, puppet, 8)
    for number, camera in enumerate(cameras):
        camera.shoot(number, POISON if number % 3 == 0 else None)
    puppet.obey = Call.judge
    busy.answer()
    found = [word(await camera.outcome(number)) for number, camera in enumerate(cameras)]
    assert found == ["bad_frame" if n % 3 == 0 else "result" for n in range(8)]


async def test_a_retry_does_not_send_what_has_become_too_old(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    gateway = make_gateway(max_calls=1, max_staleness_ms=2000)
    (older, younger), busy = await crowd(gateway, puppet, 2)
    older.shoot(1)
    over = time.monotonic() + 2.0
    await asyncio.sleep(1.0)
    younger.shoot(2)
    busy.answer()
    call = await puppet.next_call()
    assert call.ids == [1, 2]
    # Just after the end of the one's time, a second before the end of the other's, the call's.
    await until(lambda: time.monotonic() > over)
    call.fail(BatchRejected("no"))
    retry = await puppet.next_call()
    assert retry.ids == [2]
    retry.answer()
    assert word(await older.outcome(1)) == "expired"
    assert word(await younger.outcome(2)) == "result"


async def test_a_frame_that_cannot_be_decoded_here_costs_no_retry(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras, busy = await crowd(gateway, puppet, 3)
    for camera in cameras:
        camera.shoot(1)
    busy.answer()
    call = await puppet.next_call()
    call.answer_with([answer_to(frame(1)), BadFrame("broken jpeg"), answer_to(frame(1))])
    found = [word(await camera.outcome(1)) for camera in cameras]
    assert found == ["result", "bad_frame", "result"]
    assert len(puppet.calls) == 2


# Failures of a whole call


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DeadlineExceeded(), "expired"),
        (ModelFailed("exploded"), "model_failed"),
        (Overloaded("queue is full"), "overloaded"),
        (UnknownModel("unloaded"), "unknown_model"),
        (BackendUnavailable("connection lost"), "backend_unavailable"),
    ],
)
async def test_a_failed_call_is_told_to_each_of_its_frames(
    gateway: Gateway, puppet: PuppetBackend, error: Exception, outcome: str
) -> None:
    cameras, busy = await crowd(gateway, puppet, 3)
    for camera in cameras:
        camera.shoot(1)
    busy.answer()
    (await puppet.next_call()).fail(error)
    assert [word(await camera.outcome(1)) for camera in cameras] == [outcome] * 3
    await camera_works(cameras[0], puppet)


async def camera_works(camera: Camera, puppet: PuppetBackend, frame_id: int = 100) -> None:
    """The session's model is there (again), and a frame is answered."""

    def has_model() -> bool:
        changes = [m.model for m in camera.messages if isinstance(m, ModelChanged)]
        return not changes or changes[-1] is not None

    await camera.until(has_model)
    camera.shoot(frame_id)
    (await puppet.next_call()).answer()
    assert word(await camera.outcome(frame_id)) == "result"


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("a defect"), asyncio.CancelledError()], ids=["defect", "cancelled"]
)
async def test_a_defect_costs_its_own_batch_and_no_slot(
    gateway: Gateway,
    puppet: PuppetBackend,
    error: BaseException,
    logged: Callable[[], list[str]],
) -> None:
    cameras, busy = await crowd(gateway, puppet, 2)
    for camera in cameras:
        camera.shoot(1)
    busy.answer()
    (await puppet.next_call()).fail(error)
    for camera in cameras:
        found = await camera.outcome(1)
        assert isinstance(found, Error)
        assert (found.code, found.retryable) == ("internal", True)
        assert "defect" not in found.message
    await camera_works(cameras[0], puppet)
    if isinstance(error, ZeroDivisionError):
        assert logged() == ["a batch of 2 for digits failed"]


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_a_wrong_number_of_answers_is_nobodys(
    gateway: Gateway, puppet: PuppetBackend, count: int
) -> None:
    cameras, busy = await crowd(gateway, puppet, 2)
    for camera in cameras:
        camera.shoot(1)
    busy.answer()
    (await puppet.next_call()).answer_with([answer_to(frame(1))] * count)
    assert [word(await camera.outcome(1)) for camera in cameras] == ["internal"] * 2
    await camera_works(cameras[0], puppet)


async def test_a_defect_in_a_retry_leaves_nobody_without_an_outcome(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    cameras, busy = await crowd(gateway, puppet, 4)
    for camera in cameras:
        camera.shoot(1)
    busy.answer()
    (await puppet.next_call()).fail(BatchRejected("no"))
    (await puppet.next_call()).fail(ZeroDivisionError())
    assert [word(await camera.outcome(1)) for camera in cameras] == ["internal"] * 4
    await camera_works(cameras[0], puppet)


async def test_a_session_that_cannot_be_told_costs_its_neighbours_nothing(
    gateway: Gateway,
    puppet: PuppetBackend,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], list[str]],
) -> None:
    cameras, busy = await crowd(gateway, puppet, 3)
    for camera in cameras:
        camera.shoot(1)
    monkeypatch.setattr(cameras[0], "send", lambda message: 1 / 0)
    busy.answer()
    (await puppet.next_call()).answer()
    assert [word(await camera.outcome(1)) for camera in cameras[1:]] == ["result"] * 2
    assert logged() == [f"sending to session {cameras[0].session.id} failed"]
    await camera_works(cameras[1], puppet)


async def test_an_owner_that_fails_costs_its_own_frame(
    puppet: PuppetBackend, logged: Callable[[], list[str]]
) -> None:
    class Owner:
        """Fails on the outcomes of one session."""

        resolved: list[str]

        def resolve(self, member: Member, outcome: Outcome) -> None:
            self.resolved.append(member.session)
            if member.session == "a":
                raise ZeroDivisionError

        def lane_of(self, member: Member) -> Lane | None:
            return None

        def model_changed(self, key: ModelKey, result: ModelOrError) -> None:
            return None

    owner = Owner()
    owner.resolved = []
    models = Models(puppet, owner)
    dispatcher = Dispatcher(Settings(max_calls=1, **PATIENT), puppet, models, Counters(), owner)
    now = time.monotonic()
    lane = model().lanes["jpeg"]
    for session in ("x", "a", "b"):
        dispatcher.offer(Member(session, frame(1), now), lane)
    for _ in range(2):
        (await puppet.next_call()).answer()
    await asyncio.wait_for(dispatcher.idle(), 20)
    assert owner.resolved == ["x", "a", "b"]
    assert logged() == ["frame 1 of session a"]
    assert dispatcher.statistics().calls == 0


async def test_a_defect_in_a_session_costs_its_frame_the_result_alone(
    gateway: Gateway,
    puppet: PuppetBackend,
    logged: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(tracking: Tracking, result: Result) -> Result:
        raise ZeroDivisionError

    tracked, other = await Camera(gateway).open(Options(track=TrackingOptions())), Camera(gateway)
    await other.open()
    monkeypatch.setattr(Tracking, "track", broken)
    for number in (1, 2):
        for camera in (tracked, other):
            camera.shoot(number)
            (await puppet.next_call()).answer()
        assert word(await tracked.outcome(number)) == "internal"
        assert word(await other.outcome(number)) == "result"
    assert logged()[0] == f"frame 1 of session {tracked.session.id} has no result"
    assert not tracked.session.pending


# The model server goes and comes back


async def test_no_model_server_is_told_at_once_and_ends_by_itself(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    [camera], _ = await crowd(gateway, puppet, 1)
    camera.shoot(1)
    puppet.go_away()
    # The waiting frame is told in the same breath, the one in flight as its call fails.
    assert word(camera.outcomes[1]) == "backend_unavailable"
    assert ModelChanged(None) in camera.messages
    camera.shoot(2)
    assert word(camera.outcomes[2]) == "backend_unavailable"
    puppet.come_back()
    await camera.until(lambda: camera.messages[-1] == ModelChanged(model()))
    await camera_works(camera, puppet, 3)


async def test_a_lost_connection_is_learnt_from_a_failed_call_too(
    gateway: Gateway, puppet: PuppetBackend
) -> None:
    [camera], busy = await crowd(gateway, puppet, 1)
    camera.shoot(1)
    puppet.reachable = False  # and no watcher is told
    busy.fail(BackendUnavailable("connection lost"))
    assert word(await camera.outcome(1)) == "backend_unavailable"
    await camera.until(lambda: ModelChanged(None) in camera.messages)
    puppet.reachable = True
    await camera.until(lambda: camera.messages[-1] == ModelChanged(model()))
    await camera_works(camera, puppet)


async def test_a_gateway_that_starts_before_its_model_server(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    puppet.reachable = False
    gateway = make_gateway()
    camera = await Camera(gateway).open()
    camera.shoot(1)
    assert word(camera.outcomes[1]) == "backend_unavailable"
    puppet.come_back()
    await asyncio.wait_for(gateway.became_ready(), 20)
    await camera_works(camera, puppet)


async def test_the_metrics_of_a_batch(gateway: Gateway, puppet: PuppetBackend) -> None:
    cameras, busy = await crowd(gateway, puppet, 3)
    for camera in cameras:
        camera.shoot(1)
    value = Metrics(gateway).registry.get_sample_value
    assert (value("framewire_calls"), value("framewire_frames_waiting")) == (1, 3)
    busy.answer()
    (await puppet.next_call()).answer()
    await cameras[2].outcome(1)
    assert (value("framewire_calls"), value("framewire_frames_waiting")) == (0, 0)
    assert value("framewire_batch_size_count") == 2
    assert value("framewire_batch_size_sum") == 4
    assert value("framewire_inference_seconds_count") == 2
    assert value("framewire_total_seconds_count") == 4
    assert accounts(gateway) == (4, {"result": 4})
    assert model(DIGITS) == gateway._models.current(DIGITS)
