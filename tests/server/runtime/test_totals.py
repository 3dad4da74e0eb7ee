"""The statistics of several processes, added up."""

from __future__ import annotations

from dataclasses import replace

from server.core.balancing import BackendStatus
from server.runtime.statistics import Statistics
from server.runtime.totals import after_end, total
from tests.server.camera import Camera
from tests.server.puppet import PuppetBackend
from tests.server.runtime.conftest import GatewayFactory


async def two(make_gateway: GatewayFactory, puppet: PuppetBackend) -> list[Statistics]:
    """One gateway with a result, and one with a frame under way."""
    gateways = [make_gateway(max_sessions=9) for _ in range(2)]
    cameras = [await Camera(gateway).open() for gateway in gateways]
    cameras[0].shoot(1)
    (await puppet.next_call()).answer()
    await cameras[0].outcome(1)
    cameras[1].shoot(1)
    await puppet.next_call()
    return [gateway.statistics() for gateway in gateways]


async def test_figures_add_up(make_gateway: GatewayFactory, puppet: PuppetBackend) -> None:
    one, other = await two(make_gateway, puppet)
    both = total([one, other])
    assert (both.ready, both.sessions, both.max_sessions) == (True, 2, 9)
    assert (both.accepted, both.outcomes, both.calls) == (2, {("result", ""): 1}, 1)
    assert (sum(both.total_s.counts), both.total_s.total) == (1, one.total_s.total)
    assert [(group.model, group.sessions) for group in both.model_sessions] == [("digits", 2)]
    assert [(version.version, version.results) for version in both.versions] == [("1", 1)]
    [latency] = both.latencies
    assert sum(latency.age_s["result"].counts) == sum(latency.stages_s["write"].counts) == 1
    assert total([one, one]).latencies[0].stages_s["queue"].counts == tuple(
        2 * count for count in one.latencies[0].stages_s["queue"].counts
    )
    assert total([one, replace(other, ready=False)]).ready is False
    assert total([one]) == one


async def test_counters_of_a_process_that_has_ended_stay(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    one, other = await two(make_gateway, puppet)
    rest = total([one], after_end(other))
    assert (rest.sessions, rest.accepted, rest.calls) == (1, 2, 0)
    assert rest.outcomes == {("result", ""): 1, ("dropped", "disconnected"): 1}
    cut = replace(other, crops_cut=5, crops={"": 2, "expired": 1})
    rest = total([replace(one, crops_cut=1, crops={"": 1})], after_end(cut))
    assert (rest.crops_cut, rest.crops) == (6, {"": 3, "expired": 1, "disconnected": 2})
    assert total([after_end(other)]).accepted == sum(after_end(other).outcomes.values())


async def test_a_model_server_is_what_most_processes_see(
    make_gateway: GatewayFactory, puppet: PuppetBackend
) -> None:
    one, other = await two(make_gateway, puppet)
    ready = BackendStatus("a:1", "ready", "", 1, 4, 10)
    lost = BackendStatus("a:1", "unreachable", "", 0, 0, 5)
    parts = [replace(one, backends=[status]) for status in (lost, ready, ready)]
    gone = replace(other, backends=[lost, BackendStatus("b:1", "ready", "", 0, 4, 7)])
    assert total(parts, after_end(gone)).backends == [BackendStatus("a:1", "ready", "", 2, 8, 30)]
