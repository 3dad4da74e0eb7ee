"""A gateway of several processes, over real sockets, before a puppet model server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from framewire.client import AsyncClient
from loadtest import accounts
from loadtest.camera import Camera, Frame, address
from tests.server.backend import puppet_models
from tests.server.backend.puppet_server import Puppet
from tests.server.gateway_process import PATIENCE_S, Gateway, running
from tests.server.samples import picture
from tests.server.waiting import until

SESSIONS = 64
TOKEN = "correct-horse-battery-staple"
FRAMES = [Frame(picture())]
# A gateway that does not wait half a minute for a worker that hangs.
IMPATIENT = """
import sys
from server.__main__ import run
from server.workers import supervisor
supervisor.CHECK_S, supervisor.HANGS_S = 0.05, 1.5
sys.exit(run(sys.argv[1:]))
"""
# One that does not wait five seconds for a worker's answer.
CURT = """
import sys
from server.__main__ import run
from server.workers import administration
administration.ANSWER_S = 0.5
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def puppet() -> Iterator[Puppet]:
    server = Puppet()
    server.models["digits", None] = puppet_models.detector()
    server.start()
    yield server
    server.stop()


async def cameras(gateway: Gateway, count: int, first: int = 0) -> list[Camera]:
    """Open sessions at addresses of their own, each of which sends one frame."""
    loop, opened = asyncio.get_running_loop(), []
    for number in range(first, first + count):
        _, camera = await loop.create_connection(
            lambda: Camera(FRAMES), "127.0.0.1", gateway.port, local_addr=address(number)
        )
        camera.stopped = True
        opened.append(camera)
    await asyncio.gather(*(camera.opened() for camera in opened))
    return opened


async def answered(opened: list[Camera]) -> None:
    """Wait until every camera has the outcome of its frame."""
    await asyncio.wait_for(asyncio.gather(*(camera.finish() for camera in opened)), PATIENCE_S)


async def metrics(gateway: Gateway) -> dict[str, float]:
    """What ``/metrics`` says, over a new connection."""

    def get(path: str) -> str:
        url = f"http://127.0.0.1:{gateway.port}{path}"
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
            return str(answer.read().decode())

    return await asyncio.get_running_loop().run_in_executor(None, accounts.metrics, get)


async def settled(gateway: Gateway, name: str, value: float) -> dict[str, float]:
    """Wait until a metric has a value; return all of them."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while (figures := await metrics(gateway)).get(name) != value:
        assert asyncio.get_running_loop().time() < deadline, figures
        await asyncio.sleep(0.02)
    return figures


def outcomes(figures: dict[str, float]) -> float:
    return sum(
        value for name, value in figures.items() if name.startswith("framewire_frames_total")
    )


def children(pid: int) -> list[int]:
    """The workers, in the order of their numbers."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.02)


async def administer(gateway: Gateway, path: str, **fields: Any) -> dict[str, Any]:
    """Ask the admin listener as alice; with fields, that is an act."""
    dashboard = (await gateway.says("dashboard: open ")).split()[-1]
    request = urllib.request.Request(
        dashboard.replace("dashboard", path).rstrip("/"),
        json.dumps(fields).encode() if fields else None,
        {"Authorization": f"Bearer {TOKEN}"},
    )

    def ask() -> dict[str, Any]:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    return await asyncio.to_thread(ask)


async def test_sessions_spread_evenly_and_figures_add_up(puppet: Puppet, tmp_path: Path) -> None:
    tokens = tmp_path / "admin.tokens"
    tokens.write_text(f"alice {TOKEN}")
    flags = ("--workers=2", "--max-sessions=64", "--admin=0", f"--admin-tokens={tokens}")
    async with running(*flags, backend=puppet.address) as gateway:
        await gateway.says("ready: open")
        opened = await cameras(gateway, SESSIONS)
        await answered(opened)
        for _ in range(3):  # whichever worker is asked
            figures = await metrics(gateway)
            shares = [figures[f"framewire_worker_sessions {number}"] for number in range(2)]
            assert all(abs(share - 32) <= 0.2 * 32 for share in shares), shares
            assert figures["framewire_sessions"] == SESSIONS == sum(shares)
            assert figures["framewire_frames_accepted_total"] == SESSIONS == outcomes(figures)
            assert {f"process_cpu_seconds_total {one}" for one in ("0", "1", "supervisor")} <= {
                *figures
            }
        with pytest.raises(ConnectionError, match="overloaded"):  # the sum of both is full
            await cameras(gateway, 1, SESSIONS)
        opened[0].leave()
        await settled(gateway, "framewire_sessions", SESSIONS - 1)
        await cameras(gateway, 1, SESSIONS)
        assert [line for line in gateway.lines if "worker 1" in line]
        await administers_all(gateway)


async def administers_all(gateway: Gateway) -> None:
    """The dashboard of two workers with 64 sessions, all of which have had a result."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while (figures := await administer(gateway, "admin/figures"))["sessions"] != SESSIONS:
        assert asyncio.get_running_loop().time() < deadline, figures  # a sample is a second old
        await asyncio.sleep(0.1)
    assert (figures["ready"], figures["may_act"]) == (True, True)
    sessions = (await administer(gateway, "admin/sessions"))["sessions"]
    assert len({session["id"] for session in sessions}) == SESSIONS
    assert sum(session["results"] for session in sessions) >= SESSIONS - 1
    for session in (sessions[0]["id"], sessions[-1]["id"]):  # of either worker
        minute = await administer(gateway, f"admin/sessions/{session}")
        assert minute["figures"]["id"] == session
        done = await administer(gateway, "admin/close_session", session=session)
        assert done == {"outcome": "done"}
        await gateway.says(f"alice from 127.0.0.1: close_session session={session}: done")
    await settled(gateway, "framewire_sessions", SESSIONS - 2)
    assert "model_config" in (await administer(gateway, "admin/labels"))["reason"]
    await administer(gateway, "admin/log_level", level="debug")
    assert (await administer(gateway, "admin/figures"))["log_level"] == "debug"
    await administer(gateway, "admin/drain", now=True)
    assert await asyncio.wait_for(gateway.process.wait(), PATIENCE_S) == 0


async def test_workers_that_end_are_replaced_and_sigterm_drains_all(puppet: Puppet) -> None:
    flags = ("--workers=2", "--max-staleness-ms=60000")
    async with running(*flags, backend=puppet.address) as gateway:
        await gateway.says("ready: open")
        await answered(await cameras(gateway, 7))
        async with AsyncClient(f"ws://127.0.0.1:{gateway.port}/ws") as client:
            await client.infer(picture())
            assert (await metrics(gateway))["framewire_frames_accepted_total"] == 8
            first, second = children(gateway.process.pid)
            os.kill(first, signal.SIGKILL)
            await gateway.says("worker 0 was killed by SIGKILL; starting another")
            await settled(gateway, "framewire_workers", 2)
            os.kill(second, signal.SIGTERM)
            await gateway.says("worker 1 ended with status 0; starting another")
            figures = await settled(gateway, "framewire_workers", 2)
            assert figures["framewire_worker_restarts_total"] == 2
            assert figures["framewire_frames_accepted_total"] == 8 == outcomes(figures)
            # One of the two had the client's session. It has come back by itself.
            await client.infer(picture())
        accepted = "framewire_frames_accepted_total"
        before = (await metrics(gateway))[accepted]
        idle = await cameras(gateway, 2, 12)
        await answered(idle)
        puppet.hold()
        late = await cameras(gateway, 4, 8)
        await settled(gateway, accepted, before + 6)
        gateway.process.send_signal(signal.SIGTERM)
        await gateway.says("stopping", times=4)  # the supervisor, both workers, and one before
        await until(lambda: all("shutting down" in camera.ended for camera in idle))
        assert not any("shutting down" in camera.ended for camera in late)
        puppet.release()
        await answered(late)
        assert all(camera.outcomes["result"] == 1 for camera in late)
        assert await asyncio.wait_for(gateway.process.wait(), PATIENCE_S) == 0
        await gone(second)


async def test_workers_reload_are_replaced_when_they_hang_and_end_with_the_supervisor() -> None:
    async with running("--workers=2", program=("-c", IMPATIENT)) as gateway:
        await gateway.says("listening on")
        gateway.process.send_signal(signal.SIGHUP)
        await gateway.says("SIGHUP: no files to reload", times=2)
        os.kill(children(gateway.process.pid)[0], signal.SIGSTOP)
        await gateway.says("worker 0 has not answered for 1.5 s")
        await gateway.says("worker 0 was killed by SIGKILL; starting another")
        workers = children(gateway.process.pid)
        gateway.process.kill()
        for worker in workers:
            await gone(worker)


async def test_an_act_that_a_worker_has_not_carried_out_is_not_done(tmp_path: Path) -> None:
    tokens = tmp_path / "admin.tokens"
    tokens.write_text(f"alice {TOKEN}")
    flags = ("--workers=2", "--admin=0", f"--admin-tokens={tokens}")
    async with running(*flags, program=("-c", CURT)) as gateway:
        await gateway.says("dashboard: open")
        stopped = children(gateway.process.pid)[1]
        os.kill(stopped, signal.SIGSTOP)
        words = "not done by all workers: worker 1 has not answered"
        for act, fields in (
            ("log_level", {"level": "debug"}),
            ("canary_share", {"share": 0.5}),
            ("close_session", {"session": "0" * 16}),
        ):
            with pytest.raises(HTTPError) as raised:
                await administer(gateway, f"admin/{act}", **fields)
            assert (raised.value.code, json.load(raised.value)["message"]) == (500, words)
            await gateway.says(f"{act} {next(iter(fields))}={next(iter(fields.values()))}: {words}")
        os.kill(stopped, signal.SIGCONT)
        await administer(gateway, "admin/canary_share", share=0.5)


@pytest.mark.parametrize("flag", ["--token-keys=/missing", "--port={taken}"])
async def test_what_no_worker_can_start_with_is_said_once(flag: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        flags = ("--workers=2", flag.format(taken=taken.getsockname()[1]))
        async with running(*flags) as gateway:
            status = await asyncio.wait_for(gateway.process.wait(), PATIENCE_S)
    assert status == 2
    assert len(gateway.lines) == 1
    assert gateway.lines[0].startswith("framewire: ")
