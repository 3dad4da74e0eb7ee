"""Several model servers behind one gateway, over real sockets: what sessions notice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace

import grpc
import pytest
import pytest_asyncio

from server.backend import member, resolution
from server.backend.interface import traceparent
from server.backend.labels import LabelTable
from server.core import health
from server.core.errors import UnknownModel
from server.core.messages import ModelChanged, Result, Welcome
from server.core.model import ModelKey
from server.runtime import models
from tests.server.backend.pooled import Pooled, serve, servers
from tests.server.backend.puppet_server import Puppet
from tests.server.camera import word
from tests.server.samples import frame

CANARY = ModelKey("digits", "canary")
Join = Callable[..., Awaitable[Pooled]]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "FIRST_PAUSE_S", 0.005)
    monkeypatch.setattr(models, "LONGEST_PAUSE_S", 0.01)
    monkeypatch.setattr(health, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(health, "LONGEST_PAUSE_S", 0.04)
    monkeypatch.setattr(member, "CHECK_INTERVAL_S", 0.02)
    monkeypatch.setattr(member, "CHECK_TIMEOUT_S", 20.0)
    monkeypatch.setattr(resolution, "LOOKUP_INTERVAL_S", 0.01)


@pytest.fixture
def fleet() -> Iterator[list[Puppet]]:
    made = servers(3)
    yield made
    for server in made:
        server.stop()


@pytest_asyncio.fixture
async def join(fleet: list[Puppet]) -> AsyncIterator[Join]:
    """Make a gateway in front of the fleet, or of other entries, and wait until it is ready."""
    made: list[Pooled] = []

    async def join_it(*entries: str, **options: object) -> Pooled:
        addresses = entries or tuple(server.address for server in fleet)
        made.append(Pooled(addresses, **options))  # type: ignore[arg-type]
        return await made[-1].ready()

    yield join_it
    for pooled in made:
        await pooled.close()


async def test_frames_of_one_session_go_to_all_model_servers(join: Join) -> None:
    pooled = await join()
    outcomes = await pooled.shoot(await pooled.camera(), 30)
    assert {word(outcome) for outcome in outcomes} == {"result"}
    frames = [status.frames for status in pooled.statuses()]
    assert sum(frames) == 30
    assert min(frames) > 0


async def test_a_batch_whose_model_server_dies_goes_to_another(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    camera = await pooled.camera()
    fleet[0].hold()
    frames = await pooled.shoot_until(camera, lambda: pictures(fleet[0]))
    fleet[0].kill()
    assert word(await camera.outcome(frames[-1])) in ("result", "overtaken")
    await pooled.until(lambda: pooled.gateway.statistics().moved == 1)
    await pooled.until(lambda: pooled.state(fleet[0]) == "unreachable")
    fleet[0].start()
    await pooled.until(lambda: pooled.state(fleet[0]) == "trial")
    await pooled.shoot(camera, 6)
    assert pooled.state(fleet[0]) == "ready"


async def test_the_trace_context_reaches_one_of_several_model_servers(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    lane = (await pooled.pool.discover(ModelKey("digits"))).lanes["jpeg"]
    call = pooled.balancer.occupy(lane.model, time.monotonic())
    token = traceparent.set("00-1-2-01")
    await pooled.pool.infer(lane, [frame()], 20.0, call)
    traceparent.reset(token)
    await pooled.pool.infer(lane, [frame()], 20.0, call)
    pooled.balancer.free(call, lane, time.monotonic(), 1, "answered")
    metadata = [found for server in fleet for found in server.metadata if "traceparent" in found]
    assert [found["traceparent"] for found in metadata] == ["00-1-2-01"]


async def test_a_batch_moves_once_and_then_fails(join: Join, fleet: list[Puppet]) -> None:
    pooled = await join()
    camera = await pooled.camera()
    for server in fleet:
        server.fail(grpc.StatusCode.INTERNAL, "out of memory")
    [outcome] = await pooled.shoot(camera)
    assert word(outcome) == "model_failed"
    for server in fleet:
        server.recover()
    assert pooled.gateway.statistics().moved == 1
    await pooled.until(lambda: pooled.gateway.ready() is None)


async def test_a_model_server_that_stalls_is_set_aside_and_its_batch_moves(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    stuck, lively = await pooled.camera(), await pooled.camera()
    await pooled.shoot(lively, 6)
    fleet[0].hold()
    before = pictures(fleet[0])
    frames = await pooled.shoot_until(stuck, lambda: pictures(fleet[0]) > before)
    outcomes = await pooled.shoot(lively, 20)
    assert "result" in {word(outcome) for outcome in outcomes}
    await pooled.until(lambda: pooled.state(fleet[0]) == "set_aside")
    for frame_id in frames:
        assert word(await stuck.outcome(frame_id)) in ("result", "overtaken", "superseded")
    assert pooled.gateway.statistics().moved >= 1
    fleet[0].release()
    await pooled.until(lambda: pooled.state(fleet[0]) == "trial")


async def test_waiting_frames_end_only_if_no_model_server_is_left(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    camera = await pooled.camera()
    for server in fleet[:2]:
        server.stop()
    await pooled.until(lambda: pooled.state(fleet[1]) == pooled.state(fleet[0]) == "unreachable")
    assert {word(outcome) for outcome in await pooled.shoot(camera, 4)} == {"result"}
    assert pooled.gateway.ready() is None
    fleet[2].stop()
    await pooled.until(lambda: pooled.gateway.ready() is not None)
    assert [word(outcome) for outcome in await pooled.shoot(camera)] == ["backend_unavailable"]
    fleet[1].start()
    await pooled.until(lambda: pooled.gateway.ready() is None)
    await pooled.until(lambda: isinstance(camera.messages[-1], ModelChanged))
    assert {word(outcome) for outcome in await pooled.shoot(camera, 4)} == {"result"}


async def test_a_model_server_that_stops_does_not_know_a_label_better(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    fleet[0].fail(grpc.StatusCode.CANCELLED, "Cancelling all calls")
    with pytest.raises(UnknownModel):
        await pooled.pool.discover(CANARY)
    assert (await pooled.pool.discover(ModelKey("digits"))).version == 1


async def test_a_rolling_update_gives_a_session_one_version_at_a_time(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    camera = await pooled.camera()
    versions: list[int] = []
    for server in fleet:
        serve(server, 2)
        for outcome in await pooled.shoot(camera, 9):
            assert isinstance(outcome, Result)
            versions.append(outcome.model_version)
    assert versions == sorted(versions)
    assert set(versions) == {1, 2}
    assert versions[:9] == [1] * 9, "one of three is no majority"
    told = [m for m in camera.messages if isinstance(m, Welcome | ModelChanged | Result)]
    news = [m.model.version for m in told if not isinstance(m, Result) and m.model]
    assert news == [1, 2]
    first = next(i for i, m in enumerate(told) if isinstance(m, Result) and m.model_version == 2)
    assert isinstance(told[first - 1], ModelChanged), "sessions learn a version before its results"


async def test_a_session_that_asks_for_a_label_goes_where_it_is(
    join: Join, fleet: list[Puppet]
) -> None:
    serve(fleet[1], 1, "canary")
    pooled = await join()
    camera = await pooled.camera(CANARY)
    assert {word(outcome) for outcome in await pooled.shoot(camera, 6)} == {"result"}
    assert [canaries(server) for server in fleet] == [0, 6, 0]
    # The label moves to another model server, which is asked for it when the first has lost it.
    serve(fleet[2], 1, "canary")
    del fleet[1].models["digits", "canary"]
    await pooled.shoot(camera)
    await pooled.until(lambda: pooled.balancer.holders(CANARY) == [fleet[2].address])
    await pooled.until(lambda: camera.session.model is not None)
    assert {word(outcome) for outcome in await pooled.shoot(camera, 6)} == {"result"}


def canaries(server: Puppet) -> int:
    """How many batches were sent there with the label."""
    specs = [request.model_spec for request in server.requests]
    return sum(spec.version_label == "canary" for spec in specs)


def resolving(behind: set[str]) -> resolution.LookUp:
    """A look-up of names that finds these addresses, as they are at the time."""

    async def look_up(host: str, port: int) -> set[str]:
        return set(behind)

    return look_up


def pictures(server: Puppet) -> int:
    """How many batches were sent there."""
    return sum(request.model_spec.signature_name != "describe" for request in server.requests)


async def test_addresses_behind_a_name_come_and_go(join: Join, fleet: list[Puppet]) -> None:
    behind = {fleet[0].address}
    pooled = await join("dns:///serving:8500", look_up=resolving(behind))
    camera = await pooled.camera()
    await pooled.shoot(camera, 3)
    behind.add(fleet[1].address)
    await pooled.until(lambda: pooled.state(fleet[1]) == "trial")
    await pooled.shoot(camera, 6)
    assert [status.state for status in pooled.statuses()] == ["ready", "ready"]
    # A frame is under way where the address goes away.
    fleet[0].hold()
    fleet[1].hold()
    before = pictures(fleet[0])
    frames = await pooled.shoot_until(camera, lambda: pictures(fleet[0]) > before)
    behind.discard(fleet[0].address)
    await pooled.until(lambda: pooled.state(fleet[0]) == "leaving")
    fleet[0].release()
    fleet[1].release()
    for frame_id in frames:
        assert word(await camera.outcome(frame_id)) in ("result", "overtaken", "superseded")
    await pooled.until(lambda: pooled.state(fleet[0]) == "")
    assert pooled.state(fleet[1]) == "ready"


async def test_an_address_serves_until_the_one_that_replaces_it_does(
    join: Join, fleet: list[Puppet]
) -> None:
    """As in a rolling update of a single replica, whose new address may not listen yet."""
    behind = {fleet[0].address}
    fleet[1].stop()
    pooled = await join("dns:///serving:8500", look_up=resolving(behind))
    camera = await pooled.camera()
    behind.symmetric_difference_update({fleet[0].address, fleet[1].address})
    await pooled.until(lambda: pooled.state(fleet[1]) == "unreachable")
    assert {word(outcome) for outcome in await pooled.shoot(camera, 6)} == {"result"}
    fleet[1].start()
    outcomes: set[str] = set()
    while pooled.state(fleet[1]) != "ready" and outcomes <= {"result"}:
        outcomes |= {word(outcome) for outcome in await pooled.shoot(camera)}
    assert outcomes == {"result"}
    assert pooled.state(fleet[0]) == ""


async def test_a_look_up_outlives_the_address_that_it_has_asked(
    join: Join, fleet: list[Puppet]
) -> None:
    behind = {fleet[0].address}
    pooled = await join("dns:///serving:8500", look_up=resolving(behind))
    await pooled.camera()
    fleet[0].describes.clear()
    asked = asyncio.ensure_future(pooled.pool.discover(ModelKey("digits")))
    behind.symmetric_difference_update({fleet[0].address, fleet[1].address})
    await pooled.until(lambda: pooled.state(fleet[0]) == "")
    assert (await asked).version == 1
    fleet[0].describes.set()


async def test_an_answer_outlives_the_address_that_gave_it(join: Join, fleet: list[Puppet]) -> None:
    """Its version is another one than sessions get, and is looked up when the address goes away."""
    behind = {server.address for server in fleet}
    pooled = await join("dns:///serving:8500", look_up=resolving(behind))
    lane = (await pooled.pool.discover(ModelKey("digits"))).lanes["jpeg"]
    call = pooled.balancer.occupy(lane.model, time.monotonic())
    assert call.place is not None
    updated = next(server for server in fleet if server.address == call.place.address)
    serve(updated, 2)
    await pooled.pool.discover(ModelKey("digits"))
    updated.describes.clear()
    answered = asyncio.ensure_future(pooled.pool.infer(lane, [frame()], 20.0, call))
    await pooled.until(lambda: call.place and call.place.frames)
    updated.hold()
    other = asyncio.ensure_future(pooled.pool.infer(lane, [frame()], 20.0, replace(call)))
    await pooled.until(lambda: pictures(updated) == 2)
    behind.discard(updated.address)
    assert (await answered).model_version == 2
    updated.describes.set()
    updated.release()
    assert (await other).model_version == 2
    pooled.balancer.free(call, lane, time.monotonic(), 1, "answered")


async def test_a_look_up_that_fails_goes_on_with_a_model_server_that_came_meanwhile(
    join: Join, fleet: list[Puppet]
) -> None:
    behind = {fleet[0].address}
    pooled = await join("dns:///serving:8500", look_up=resolving(behind))
    await pooled.camera()
    fleet[0].describes.clear()
    asked = asyncio.ensure_future(pooled.pool.discover(ModelKey("digits")))
    behind.add(fleet[1].address)
    await pooled.until(lambda: pooled.state(fleet[1]) == "trial")
    fleet[0].fail(grpc.StatusCode.UNAVAILABLE, "going down")
    fleet[0].describes.set()
    assert (await asked).version == 1


async def test_a_name_that_leads_nowhere_at_the_start(fleet: list[Puppet]) -> None:
    behind: set[str] = set()

    async def look_up(host: str, port: int) -> set[str]:
        if not behind:
            raise OSError("Name or service not known")
        return set(behind)

    pooled = Pooled(["dns:///serving:8500"], look_up)
    camera = await pooled.camera()
    assert [word(outcome) for outcome in await pooled.shoot(camera)] == ["backend_unavailable"]
    error = pooled.gateway.ready()
    assert error is not None
    assert "dns:///serving:8500: Name or service not known" in str(error)
    assert error.message == "no model server answers"
    behind.add(fleet[0].address)
    await pooled.ready()
    await camera.until(lambda: isinstance(camera.messages[-1], ModelChanged))
    assert [word(outcome) for outcome in await pooled.shoot(camera)] == ["result"]
    await pooled.close()


async def test_a_model_server_that_says_that_it_is_not_serving_gets_no_calls(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    camera = await pooled.camera()
    await pooled.shoot(camera, 6)
    fleet[0].serving = False
    await pooled.until(lambda: pooled.state(fleet[0]) == "set_aside")
    [status] = [s for s in pooled.statuses() if s.address == fleet[0].address]
    assert status.reason == "it reports that it is not serving"
    fleet[0].serving = True
    await pooled.until(lambda: pooled.state(fleet[0]) == "trial")


async def test_a_model_server_without_a_loaded_version_gets_no_calls(
    join: Join, fleet: list[Puppet]
) -> None:
    pooled = await join()
    await pooled.shoot(await pooled.camera(), 6)
    fleet[0].available = False
    await pooled.until(lambda: pooled.state(fleet[0]) == "set_aside")
    fleet[0].available = True
    await pooled.until(lambda: pooled.state(fleet[0]) == "trial")


def test_model_servers_share_the_index_of_a_class_that_only_answers_name() -> None:
    table = LabelTable()
    assert table.of("pets", 1, ()).index(b"cat") == 0
    assert table.of("pets", 1, ()).index(b"dog") == 1
    assert table.of("pets", 1, ("cat",)).names == ("cat", "dog")
    assert table.of("pets", 1, ("dog",)).names == ("dog",)
    for version in range(2, LabelTable.MAX + 2):
        table.of("pets", version, ())
    assert table.of("pets", 1, ()).names == ()
