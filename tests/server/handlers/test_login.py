"""POST /v1/login: exchanging codes for tokens, and WeChat's rejections."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from server.access import wechat
from tests.server.access.keyring import secret, write
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.socket_client import SocketClient
from tests.server.handlers.wechat_standin import APPID, SECRET, SESSION_KEY, WeChatStandIn
from tests.server.waiting import until

Values = dict[str, Any]


@pytest_asyncio.fixture
async def standin() -> AsyncIterator[WeChatStandIn]:
    started = WeChatStandIn()
    yield started
    await started.stop()


@pytest.fixture
def login_settings(standin: WeChatStandIn, tmp_path: Path) -> Values:
    """Settings of a gateway with a login."""
    return {
        "token_keys": write(tmp_path / "keys.json", secret()),
        "wechat_appid": APPID,
        "wechat_secret": SECRET,
        "wechat_url": standin.url,
    }


async def post(served: Served, body: Any, **headers: str) -> HTTPResponse:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await AsyncHTTPClient().fetch(
        served.url("/v1/login"), method="POST", body=payload, headers=headers, raise_error=False
    )


async def login(served: Served, code: Any = "code-of-ann", **headers: str) -> HTTPResponse:
    return await post(served, {"code": code}, **headers)


def token(response: HTTPResponse) -> str:
    assert response.code == 200, response.body
    found = json.loads(response.body)
    assert set(found) == {"token", "expires_in"}
    return str(found["token"])


def subject(response: HTTPResponse) -> str:
    claims = jwt.decode(token(response), options={"verify_signature": False})
    return str(claims["sub"])


def assert_error(response: HTTPResponse, status: int, code: str, words: str = "") -> None:
    found = json.loads(response.body)
    assert (response.code, found["type"], found["code"]) == (status, "error", code), found
    assert words in found["message"]
    assert found["retryable"] is ("Retry-After" in response.headers)
    assert SECRET.encode() not in response.body


# In


async def test_a_code_becomes_a_token_that_opens_a_session(
    serve: Serve, login_settings: Values, standin: WeChatStandIn
) -> None:
    served = serve(**login_settings, login_token_s=600)
    response = await login(served)
    assert json.loads(response.body)["expires_in"] == 600
    assert response.headers["Cache-Control"] == "no-store"
    [asked] = standin.asked
    assert asked == {
        "appid": APPID,
        "secret": SECRET,
        "js_code": "code-of-ann",
        "grant_type": "authorization_code",
    }
    client = await SocketClient.open(served, token=token(response))
    await client.works()
    claims = jwt.decode(token(response), options={"verify_signature": False})
    assert claims["exp"] == pytest.approx(time.time() + 600, abs=60)


async def test_a_user_has_one_subject_which_is_not_the_openid(
    serve: Serve, login_settings: Values
) -> None:
    served = serve(**login_settings)
    ann, again, bob = [
        subject(await login(served, code))
        for code in ("code-of-ann", "second-code-of-ann", "code-of-bob")
    ]
    assert ann == again != bob
    assert ann.startswith("wechat:")
    assert "oAnn" not in ann


async def test_no_secret_is_sent_or_logged(
    serve: Serve,
    login_settings: Values,
    standin: WeChatStandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    served = serve(**login_settings)
    good = await login(served)
    bodies = [good.body]
    for says in ({"errcode": 40125, "errmsg": SECRET}, f"not JSON {SECRET}", [SECRET], {"a": 1}):
        standin.says = says
        bodies.append((await login(served)).body)
    await standin.stop()
    bodies.append((await login(served)).body)
    for text in (caplog.text, *(body.decode() for body in bodies)):
        for hidden in (SECRET, SESSION_KEY, "oAnn"):
            assert hidden not in text
    assert json.loads(good.body)["token"] not in caplog.text


# Rejected by WeChat


@pytest.mark.parametrize(
    ("number", "status", "code", "words"),
    [
        (-1, 503, "login_unavailable", "busy"),
        (40029, 401, "bad_code", "wx.login"),
        (40163, 401, "bad_code", "already been used"),
        (40226, 403, "login_refused", "blocked"),
        (45011, 429, "rate_limited", "too many logins"),
        (40013, 502, "login_failed", "40013"),
        (40125, 502, "login_failed", "40125"),
    ],
)
async def test_rejections_by_wechat(
    serve: Serve,
    login_settings: Values,
    standin: WeChatStandIn,
    number: int,
    status: int,
    code: str,
    words: str,
) -> None:
    served = serve(**login_settings)
    standin.says = {"errcode": number, "errmsg": "of no importance"}
    assert_error(await login(served), status, code, words)
    standin.says = None
    token(await login(served))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (40013, "no appid like wechat_appid"),
        (40125, "wechat_secret is not the secret"),
        (40164, "IP whitelist"),
        (48001, "list of error codes"),
    ],
)
async def test_the_log_says_what_the_operator_must_mend(
    serve: Serve,
    login_settings: Values,
    standin: WeChatStandIn,
    caplog: pytest.LogCaptureFixture,
    number: int,
    words: str,
) -> None:
    served = serve(**login_settings)
    standin.says = {"errcode": number, "errmsg": "of no importance"}
    answer = await login(served)
    assert words in caplog.text
    assert words.encode() not in answer.body


async def test_a_code_works_once(serve: Serve, login_settings: Values) -> None:
    served = serve(**login_settings)
    token(await login(served))
    assert_error(await login(served), 401, "bad_code")


@pytest.mark.parametrize(
    ("says", "words"),
    [
        ("<html>", "something other than a JSON object"),
        ("[" * 5000, "something other than a JSON object"),
        ([], "something other than a JSON object"),
        ({}, "no openid"),
        ({"openid": 7}, "no openid"),
        ({"openid": "\ud800"}, "no openid"),
        ({"openid": "", "errcode": 0}, "no openid"),
        ({"errcode": "what"}, "not an integer"),
        ({"errcode": [1]}, "not an integer"),
    ],
)
async def test_invalid_responses_from_wechat(
    serve: Serve, login_settings: Values, standin: WeChatStandIn, says: Any, words: str
) -> None:
    standin.says = says
    assert_error(await login(serve(**login_settings)), 502, "login_failed", words)


async def test_http_errors_from_wechat(
    serve: Serve, login_settings: Values, standin: WeChatStandIn
) -> None:
    served = serve(**login_settings)
    standin.status = 500
    assert_error(await login(served), 503, "login_unavailable")
    standin.status = 404
    assert_error(await login(served), 502, "login_failed", "404")
    # A redirect is not followed, because it would send the secret elsewhere.
    standin.status, standin.headers = 302, {"Location": f"{standin.url}/sns/jscode2session?x=1"}
    assert_error(await login(served), 502, "login_failed", "302")
    assert len(standin.asked) == 3


async def test_wechat_times_out_or_is_unreachable(
    serve: Serve, login_settings: Values, standin: WeChatStandIn
) -> None:
    served = serve(**login_settings, wechat_timeout_s=0.1)
    standin.answers.clear()
    assert_error(await login(served), 503, "login_unavailable", "cannot be reached")
    await standin.stop()
    assert_error(await login(served), 503, "login_unavailable", "cannot be reached")


async def test_concurrent_logins_are_limited(
    serve: Serve,
    login_settings: Values,
    standin: WeChatStandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wechat, "MAX_CONCURRENT", 1)
    served = serve(**login_settings)
    standin.answers.clear()
    first = asyncio.ensure_future(login(served))
    await until(lambda: len(standin.asked) == 1)
    assert_error(await login(served, "code-of-bob"), 503, "overloaded")
    standin.answers.set()
    token(await first)
    token(await login(served, "code-of-bob"))


# Rejected without asking WeChat


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[" * 4000, "not JSON"),
        ([], "'code' must be a string"),
        ({}, "'code' must be a string"),
        ({"code": None}, "'code' must be a string"),
        ({"code": ""}, "'code' must be a string"),
        ({"code": "a b"}, "'code' must be a string"),
        ({"code": "a&secret=x"}, "'code' must be a string"),
        ({"code": "码"}, "'code' must be a string"),
        ({"code": "x" * 257}, "'code' must be a string"),
        ({"code": "x" * 5000}, "at most 4096 bytes"),
    ],
)
async def test_malformed_codes(
    serve: Serve, login_settings: Values, standin: WeChatStandIn, body: Any, words: str
) -> None:
    served = serve(**login_settings)
    assert_error(await post(served, body), 400, "bad_message", words)
    assert standin.asked == []


async def test_a_body_far_too_large_is_not_read(serve: Serve, login_settings: Values) -> None:
    served = serve(**login_settings)
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"POST /v1/login HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 20)).split()[1] == b"400"
    writer.close()


async def test_logins_from_one_address_are_rate_limited(
    serve: Serve, login_settings: Values, standin: WeChatStandIn
) -> None:
    served = serve(**login_settings, max_logins_per_min=2, trusted_proxies="127.0.0.1")
    ann, bob = {"X-Forwarded-For": "8.8.8.8"}, {"X-Forwarded-For": "8.8.4.4"}
    for _ in range(2):
        await login(served, "wrong", **ann)
    refused = await login(served, "wrong", **ann)
    assert_error(refused, 429, "rate_limited", "from this address")
    assert 10 <= int(refused.headers["Retry-After"]) <= 30
    # A client cannot choose its own address.
    lie = {"X-Forwarded-For": "1.1.1.1, 8.8.8.8"}
    assert_error(await login(served, **lie), 429, "rate_limited")
    token(await login(served, **bob))
    assert len(standin.asked) == 3


async def test_forwarded_headers_from_untrusted_peers_are_ignored(
    serve: Serve, login_settings: Values
) -> None:
    served = serve(**login_settings, max_logins_per_min=1)
    token(await login(served, **{"X-Forwarded-For": "8.8.8.8"}))
    again = await login(served, **{"X-Forwarded-For": "8.8.4.4"})
    assert_error(again, 429, "rate_limited")


async def test_a_gateway_without_a_login(served: Served) -> None:
    assert_error(await login(served), 404, "no_login")


async def test_other_methods(serve: Serve, login_settings: Values) -> None:
    response = await AsyncHTTPClient().fetch(
        serve(**login_settings).url("/v1/login"), raise_error=False
    )
    assert_error(response, 405, "bad_message", "POST")
