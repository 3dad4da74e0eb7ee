"""What the dashboard is drawn from: the gateway now, its history, and its sessions."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from server.handlers.pages import DASHBOARD
from tests.server.admin.conftest import TOKEN, Administered
from tests.server.handlers.socket_client import SocketClient
from tests.server.puppet import POISON
from tests.server.samples import picture


async def test_samples_add_up_to_what_happened(administered: Administered) -> None:
    """However often the page asks, each sample comes once."""
    client = await SocketClient.open(administered.served)
    await administered.get("/admin/figures")
    for number in range(5):
        await client.works(number)
    client.shoot(6, data=picture() + POISON)
    assert (await client.read())["code"] == "bad_frame"
    outcomes: dict[str, int] = {}
    ages = batches = results = errors = since = 0
    while sum(outcomes.values()) < 6:
        answer = await administered.get(f"/admin/figures?since={since}")
        for sample in answer["samples"]:
            assert sample["n"] == since
            since += 1
            for name, count in sample["outcomes"].items():
                outcomes[name] = outcomes.get(name, 0) + count
            ages += sum(count for _, count in sample["ages"])
            batches += sum(count for _, count in sample["batches"])
            for version in sample["versions"]:
                assert (version["model"], version["version"]) == ("digits", "1")
                results += version["results"]
                errors += version["errors"].get("bad_frame", 0)
        await asyncio.sleep(0.01)
    assert outcomes == {"result": 5, "error bad_frame": 1}
    assert (ages, batches, results, errors) == (5, 6, 5, 1)
    assert (answer["ready"], answer["sessions"], answer["may_act"]) == (True, 1, True)
    assert [group["sessions"] for group in answer["model_sessions"]] == [1]
    assert [backend["frames"] for backend in answer["backends"]] == [5]
    assert len(answer["age_bounds_ms"]) == 193


async def test_sessions_and_ones_last_minute(administered: Administered) -> None:
    client = await SocketClient.open(administered.served, client="camera 7")
    silent = await SocketClient.connect(administered.served)
    await client.works(1)
    client.shoot(1)
    assert (await client.read())["code"] == "bad_id"
    client.shoot(2, data=picture() + POISON)
    await client.read()
    sessions = (await administered.get("/admin/sessions"))["sessions"]
    by_client = {session["client"]: session for session in sessions}
    assert by_client.keys() == {"camera 7", None}
    one = by_client["camera 7"]
    assert (one["address"], one["model"], one["version"]) == ("127.0.0.1", "digits", 1)
    assert (one["accepted"], one["results"], one["pending"]) == (2, 1, 0)
    assert one["losses"] == {"error bad_frame": 1}
    assert by_client[None]["model"] is None
    minute = await administered.get(f"/admin/sessions/{one['id']}")
    while sum(second["results"] + second["errors"] for second in minute["seconds"]) < 2:
        await asyncio.sleep(0.05)  # the second is shown when it is over
        minute = await administered.get(f"/admin/sessions/{one['id']}")
    assert all(1 <= second["at"] <= 60 for second in minute["seconds"])
    assert sum(second["oldest_ms"] for second in minute["seconds"]) > 0
    assert minute["figures"]["rates"].keys() == {"results", "lost", "age_ms", "oldest_ms"}
    assert (await administered.ask("GET", "/admin/sessions/00ff")).code == 404
    silent.socket.close()


async def test_the_page_and_the_metrics(administered: Administered) -> None:
    page = await administered.ask("GET", "/dashboard/")
    loaded = re.sub(rb"static/[0-9a-f]{16}/", b"static/", page.body)
    assert loaded == (DASHBOARD / "index.html").read_bytes()
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert b"framewire_ready" in (await administered.ask("GET", "/metrics")).body
    for path in ("/", "/dashboard"):
        assert (await administered.ask("GET", path)).headers["Location"] == "dashboard/"
    assert (await administered.ask("GET", "/healthz")).code == 200
    assert (await administered.ask("GET", "/v1/models")).code == 404


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/metrics", "/admin/figures", "/admin/sessions", "/admin/labels"]
)
async def test_head_is_get_without_a_body(administered: Administered, path: str) -> None:
    got, head = [await administered.ask(method, path) for method in ("GET", "HEAD")]
    assert (head.code, head.body) == (got.code, b"")
    assert head.headers.keys() == got.headers.keys()
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("path", ["/admin/figures", "/admin/sessions", "/metrics"])
async def test_figures_are_for_this_machine_alone(administered: Administered, path: str) -> None:
    """What came through a proxy, or under a foreign name, needs a token; foreign pages are out."""
    authorization = f"Bearer {TOKEN}"
    for headers in (
        {"X_Forwarded_For": "127.0.0.1"},
        {"Host": f"evil.example:{administered.port}"},
    ):
        assert (await administered.ask("GET", path, **headers)).code == 401
        answer = await administered.ask("GET", path, Authorization=authorization, **headers)
        assert answer.code == 200
    origin = "http://evil.example"
    assert (await administered.ask("GET", path, Origin=origin)).code == 403


@pytest.mark.parametrize("since", ["-1", "x", "1e3", "9" * 16])
async def test_a_sample_has_a_number(administered: Administered, since: str) -> None:
    answer = await administered.ask("GET", f"/admin/figures?since={since}")
    assert (answer.code, json.loads(answer.body)["code"]) == (400, "bad_message")
