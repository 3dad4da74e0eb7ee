"""What an operator may do, who may not, and the line of the log that each attempt leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from tornado.httpclient import HTTPError
from tornado.iostream import StreamClosedError

from server.core.logbudget import BURST
from server.logs.budget import BudgetFilter
from tests.server.admin.conftest import TOKEN, Administered, fetch
from tests.server.handlers.socket_client import SocketClient
from tests.server.puppet import CANARY, STABLE, model
from tests.server.waiting import until

ACTS: dict[str, dict[str, Any]] = {
    "canary_share": {"share": 0.5},
    "close_session": {"session": "0" * 16},
    "drain": {},
    "label": {"label": "stable", "version": 2},
    "log_level": {"level": "debug"},
}
BEARER = f"Bearer {TOKEN}"


@pytest.fixture
def audit(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log of a gateway that logs errors only: audit lines are written all the same."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    yield caplog
    root.setLevel(before)


def lines(audit: pytest.LogCaptureFixture) -> list[str]:
    """The audit lines so far."""
    found = [one.getMessage() for one in audit.records if one.name == "server.audit"]
    audit.clear()
    return found


def untouched(administered: Administered) -> bool:
    """Whether no act has had an effect."""
    gateway = administered.served.gateway
    moved = administered.labels.labels != {"stable": 1}
    shares = gateway.statistics().canary_shares
    return not shares and not administered.stop.is_set() and not moved


@pytest.mark.parametrize("act", ACTS)
async def test_who_may_not_act(
    administered: Administered, audit: pytest.LogCaptureFixture, act: str
) -> None:
    client = await SocketClient.open(administered.served)
    [entry] = administered.served.gateway.sessions
    fields = {**ACTS[act], "session": entry.session.id}
    public = f"http://127.0.0.1:{administered.served.port}"
    refused = {
        401: ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}),
        403: (
            {"Authorization": BEARER, "Origin": "https://evil.example"},
            {"Authorization": BEARER, "Origin": public},
            {"Authorization": BEARER, "Origin": "null"},
        ),
    }
    for status, attempts in refused.items():
        for headers in attempts:
            answer = await administered.ask("POST", f"/admin/{act}", fields, **headers)
            assert answer.code == status
            [line] = lines(audit)
            assert line.startswith(f"{act} from 127.0.0.1 refused: ")
            assert TOKEN not in line
    answer = await fetch(
        administered.served.port, "POST", f"/admin/{act}", fields, Authorization=BEARER
    )
    assert answer.code == 404
    assert lines(audit) == [
        f"/admin/{act} from 127.0.0.1 refused: the public address takes no admin calls"
    ]
    assert untouched(administered)
    assert logging.getLogger().level == logging.ERROR
    await client.works()


async def test_a_foreign_page_gets_no_permission_to_send_the_header(
    administered: Administered,
) -> None:
    answer = await administered.ask(
        "OPTIONS",
        "/admin/drain",
        Origin="https://evil.example",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization",
    )
    assert answer.code >= 400
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_the_page_itself_may_act(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    own = f"http://127.0.0.1:{administered.port}"
    answer = await administered.ask(
        "POST", "/admin/log_level", {"level": "error"}, Authorization=BEARER, Origin=own
    )
    assert (answer.code, json.loads(answer.body)) == (200, {"outcome": "done"})


async def test_the_canarys_share_moves_open_sessions(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    served = administered.served
    served.puppet.models |= {STABLE: model(STABLE, 1), CANARY: model(CANARY, 2)}
    client = await SocketClient.open(served)
    [entry] = served.gateway.sessions

    def label() -> str | None:
        return entry.session.model.key.label if entry.session.model else None

    await until(lambda: label() == "stable")
    for share, expected in ((1.0, "canary"), (0.25, None), (0.0, "stable"), (1.0, "canary")):
        assert (await administered.act("canary_share", share=share)).code == 200
        assert lines(audit) == [f"alice from 127.0.0.1: canary_share share={share}: done"]
        if expected:
            await until(lambda expected=expected: label() == expected)  # type: ignore[misc]
    assert (await administered.get("/admin/figures"))["canary_share"] == 1.0
    client.socket.close()


async def test_a_session_is_closed(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    client = await SocketClient.open(administered.served)
    other = await SocketClient.open(administered.served)
    first, second = (entry.session.id for entry in administered.served.gateway.sessions)
    assert (await administered.act("close_session", session=first)).code == 200
    assert (await client.closed())[:2] == (1008, "closed by an operator")
    await until(lambda: administered.served.gateway.sessions.get(first) is None)
    assert administered.served.gateway.sessions.get(second) is not None
    await other.works()
    assert (await administered.act("close_session", session=first)).code == 404
    assert lines(audit) == [
        f"alice from 127.0.0.1: close_session session={first}: done",
        f"alice from 127.0.0.1: close_session session={first}: there is no such session",
    ]


async def test_a_label_is_moved(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    assert (await administered.get("/admin/labels"))["versions"] == [1, 2]
    assert (await administered.act("label", label="stable", version=2)).code == 200
    found = await administered.get("/admin/labels")
    assert (found["labels"], found["reason"]) == ({"stable": 2}, "")
    assert lines(audit) == ["alice from 127.0.0.1: label label=stable version=2: done"]


async def test_a_label_that_the_model_servers_keep(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    administered.labels.refusal = "version 2 is not loaded"
    answer = await administered.act("label", label="stable", version=2)
    assert (answer.code, json.loads(answer.body)["message"]) == (409, "version 2 is not loaded")
    assert (await administered.get("/admin/labels"))["reason"] == "version 2 is not loaded"
    assert lines(audit) == [
        "alice from 127.0.0.1: label label=stable version=2: version 2 is not loaded"
    ]
    assert untouched(administered)


async def test_the_log_level_and_the_end(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    assert (await administered.act("log_level", level="debug")).code == 200
    assert logging.getLogger().level == logging.DEBUG
    assert (await administered.get("/admin/figures"))["log_level"] == "debug"
    assert (await administered.act("drain")).code == 200
    assert administered.stop.is_set()
    assert lines(audit) == [
        "alice from 127.0.0.1: log_level level=debug: done",
        "alice from 127.0.0.1: drain -: done",
    ]


@pytest.mark.parametrize(
    ("act", "fields", "words"),
    [
        ("canary_share", {}, "'share' must be a number from 0 to 1"),
        ("canary_share", {"share": 1.5}, "'share' must be"),
        ("canary_share", {"share": True}, "'share' must be"),
        ("canary_share", {"share": float("nan")}, "'share' must be"),
        ("log_level", {"level": "loud"}, "'level' must be one of debug, info, warning, error"),
        ("close_session", {"session": 3}, "'session' must be"),
        ("label", {"version": 1}, "'label' must be a label's name"),
        ("label", {"label": "a\nb", "version": 1}, "'label' must be a label's name"),
        ("label", {"label": "stable", "version": True}, "'version' must be a version's number"),
        ("label", {"label": "stable", "version": 0}, "'version' must be a version's number"),
        ("drain", [], "must be a JSON object"),
    ],
)
async def test_bad_fields_change_nothing(
    administered: Administered,
    audit: pytest.LogCaptureFixture,
    act: str,
    fields: Any,
    words: str,
) -> None:
    answer = await administered.ask("POST", f"/admin/{act}", fields, Authorization=BEARER)
    assert answer.code == 400
    assert words in json.loads(answer.body)["message"]
    [line] = lines(audit)
    assert line.startswith(f"alice from 127.0.0.1: {act} -: not done: ")
    assert words in line
    assert untouched(administered)


async def test_no_act_of_an_operator_is_omitted(
    administered: Administered, audit: pytest.LogCaptureFixture
) -> None:
    audit.handler.addFilter(bounded := BudgetFilter())
    for _ in range(BURST + 5):
        await administered.act("log_level", level="error")
    audit.handler.removeFilter(bounded)
    assert len(lines(audit)) == BURST + 5


async def test_an_act_that_fails_leaves_its_line(
    administered: Administered,
    audit: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(share: float) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(administered.served.gateway, "set_canary_share", fail)
    answer = await administered.act("canary_share", share=1)
    assert (answer.code, json.loads(answer.body)["code"]) == (500, "internal")
    assert "alice from 127.0.0.1: canary_share share=1: failed" in lines(audit)


@pytest.mark.parametrize("size", [5_000, 100_000])
async def test_a_body_that_is_too_large_leaves_its_line(
    administered: Administered, audit: pytest.LogCaptureFixture, size: int
) -> None:
    body = {"share": 0.5, "": "a" * size}
    attempts = (
        (administered.port, BEARER, "alice from 127.0.0.1: canary_share -: not done: the body "),
        (administered.port, "", "canary_share from 127.0.0.1 refused: an admin token is required"),
        (
            administered.served.port,
            BEARER,
            "/admin/canary_share from 127.0.0.1 refused: the public",
        ),
    )
    for port, token, start in attempts:
        with contextlib.suppress(HTTPError, StreamClosedError):  # far too large: it is not read
            answer = await fetch(port, "POST", "/admin/canary_share", body, Authorization=token)
            assert answer.code in (400, 401, 404)
        await until(lambda: any(one.name == "server.audit" for one in audit.records))
        [line] = lines(audit)
        assert line.startswith(start)
    assert untouched(administered)


async def test_a_refused_act_leaves_the_connection_open(administered: Administered) -> None:
    for port, status in ((administered.port, b"401"), (administered.served.port, b"404")):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"POST /admin/drain HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.split(b" ")[1] == status
            [length] = [row for row in head.split(b"\r\n") if row.startswith(b"Content-Length: ")]
            await reader.readexactly(int(length.split(b" ")[1]))
        writer.close()
