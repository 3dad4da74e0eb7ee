"""WeChat's side of a login: a code of ``wx.login`` becomes a user's name.

The address that is asked holds the appid's secret, so it appears in no log line and no
error; neither does ``session_key``, which is dropped where it arrives.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from server.core.errors import (
    BadCode,
    FramewireError,
    LoginFailed,
    LoginRefused,
    LoginUnavailable,
    Overloaded,
    TooManyLogins,
)

log = logging.getLogger(__name__)

PATH = "/sns/jscode2session"
MAX_UNDER_WAY = 32
MAX_ANSWER_BYTES = 64 * 1024

_ANSWERS: dict[int, Callable[[], FramewireError]] = {
    -1: lambda: LoginUnavailable("WeChat is busy; try again"),
    40029: lambda: BadCode("WeChat does not know this code; ask wx.login for a new one"),
    40163: lambda: BadCode("this code was used before; ask wx.login for a new one"),
    40226: lambda: LoginRefused("WeChat has blocked this user"),
    45011: lambda: TooManyLogins("WeChat counts too many logins of this user; try again later"),
}


class WeChat:
    """Asks WeChat whose a code is, a bounded number of times at once."""

    def __init__(self, base_url: str, appid: str, secret: str, timeout_s: float) -> None:
        self.secret = secret
        self._appid = appid
        self._address = base_url.rstrip("/") + PATH
        self._timeout_s = timeout_s
        self._under_way = 0
        self._http: AsyncHTTPClient | None = None

    async def subject(self, code: str) -> str:
        """The name of the user whose code this is: the same for each of the user's logins.

        It is a hash of appid and openid, so tokens and logs name nobody at WeChat. Raises
        BadCode, LoginRefused, TooManyLogins, LoginUnavailable, LoginFailed or Overloaded.
        """
        if self._under_way >= MAX_UNDER_WAY:
            raise Overloaded(f"{self._under_way} logins are under way, and no more are taken")
        self._under_way += 1
        try:
            openid = _openid(await self._ask(code))
        finally:
            self._under_way -= 1
        return "wechat:" + hashlib.sha256(f"{self._appid}:{openid}".encode()).hexdigest()[:32]

    def close(self) -> None:
        """Let go of its connections."""
        if self._http is not None:
            self._http.close()

    async def _ask(self, code: str) -> bytes:
        question = {
            "appid": self._appid,
            "secret": self.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        try:
            answer = await self._client().fetch(
                f"{self._address}?{urlencode(question)}",
                raise_error=False,
                # Nobody else is to be told the secret.
                follow_redirects=False,
                connect_timeout=self._timeout_s,
                request_timeout=self._timeout_s,
            )
        except Exception as error:
            # Its text may hold the address, and so the secret.
            log.error("WeChat's login cannot be asked: %s", type(error).__name__)
            raise LoginUnavailable("WeChat cannot be reached; try again") from None
        if answer.code != 200:
            log.error("WeChat's login answered with status %d", answer.code)
            if answer.code >= 500:
                raise LoginUnavailable("WeChat cannot be reached; try again")
            raise LoginFailed(f"WeChat's login answered with status {answer.code}")
        return answer.body

    def _client(self) -> AsyncHTTPClient:
        if self._http is None:
            self._http = SimpleAsyncHTTPClient(
                force_instance=True, max_clients=MAX_UNDER_WAY, max_body_size=MAX_ANSWER_BYTES
            )
        return self._http


def _openid(body: bytes) -> str:
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise LoginFailed("WeChat's login answered something that is no JSON object")
    number = found.get("errcode", 0)
    if type(number) is not int:
        raise LoginFailed("WeChat's login answered with an errcode that is no number")
    if number in _ANSWERS:
        raise _ANSWERS[number]()
    if number != 0:
        log.error("WeChat's login refused with %d", number)
        raise LoginFailed(f"WeChat refused the login with {number}")
    openid = found.get("openid")
    if not isinstance(openid, str) or not openid.isprintable() or not openid:
        raise LoginFailed("WeChat's login answered without an openid")
    return openid
