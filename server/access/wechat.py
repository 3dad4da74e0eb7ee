"""WeChat's side of a login: exchanges a code from ``wx.login`` for the user's subject.

The request's URL contains the appid's secret, so it appears in no log line and no error.
Neither does ``session_key``, which is discarded on arrival.
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
MAX_CONCURRENT = 32
MAX_RESPONSE_BYTES = 64 * 1024

_ERRORS: dict[int, Callable[[], FramewireError]] = {
    -1: lambda: LoginUnavailable("WeChat is busy; try again"),
    40029: lambda: BadCode("WeChat does not recognize this code; call wx.login again"),
    40163: lambda: BadCode("this code has already been used; call wx.login again"),
    40226: lambda: LoginRefused("WeChat has blocked this user"),
    45011: lambda: TooManyLogins("WeChat reports too many logins by this user; try again later"),
}

# What only the operator can mend, and so is for the log.
_CAUSES = {
    40013: "there is no appid like wechat_appid",
    40125: "wechat_secret is not the secret of wechat_appid",
    40164: "the address of this gateway is not in the IP whitelist of wechat_appid",
    41002: "wechat_appid is missing",
    41004: "wechat_secret is missing",
}


class WeChat:
    """A client for WeChat's login, with a limited number of concurrent requests."""

    def __init__(self, base_url: str, appid: str, secret: str, timeout_s: float) -> None:
        self.secret = secret
        self._appid = appid
        self._url = base_url.rstrip("/") + PATH
        self._timeout_s = timeout_s
        self._pending = 0
        self._http: AsyncHTTPClient | None = None

    async def subject(self, code: str) -> str:
        """Return the subject of the user who got the code, the same at each login.

        It is a hash of appid and openid, so tokens and logs identify no WeChat account.
        Raises BadCode, LoginRefused, TooManyLogins, LoginUnavailable, LoginFailed or Overloaded.
        """
        if self._pending >= MAX_CONCURRENT:
            raise Overloaded(
                f"too many logins: at most {MAX_CONCURRENT} may be under way; try again later"
            )
        self._pending += 1
        try:
            openid = _openid(await self._request(code))
        finally:
            self._pending -= 1
        return "wechat:" + hashlib.sha256(f"{self._appid}:{openid}".encode()).hexdigest()[:32]

    def close(self) -> None:
        """Close open connections."""
        if self._http is not None:
            self._http.close()

    async def _request(self, code: str) -> bytes:
        query = {
            "appid": self._appid,
            "secret": self.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        try:
            response = await self._client().fetch(
                f"{self._url}?{urlencode(query)}",
                raise_error=False,
                # A redirect would send the secret to another host.
                follow_redirects=False,
                connect_timeout=self._timeout_s,
                request_timeout=self._timeout_s,
            )
        except Exception as error:
            # Its text may contain the URL, and so the secret.
            log.error("request to WeChat's login failed: %s", type(error).__name__)
            raise LoginUnavailable("WeChat cannot be reached; try again") from None
        if response.code != 200:
            log.error("WeChat's login returned status %d", response.code)
            if response.code >= 500:
                raise LoginUnavailable("WeChat cannot be reached; try again")
            raise LoginFailed(f"WeChat's login returned status {response.code}")
        return response.body

    def _client(self) -> AsyncHTTPClient:
        if self._http is None:
            self._http = SimpleAsyncHTTPClient(
                force_instance=True, max_clients=MAX_CONCURRENT, max_body_size=MAX_RESPONSE_BYTES
            )
        return self._http


def _openid(body: bytes) -> str:
    try:
        fields: Any = json.loads(body)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise LoginFailed("WeChat's login returned something other than a JSON object")
    number = fields.get("errcode", 0)
    if type(number) is not int:
        raise LoginFailed("WeChat's login returned an errcode that is not an integer")
    if number in _ERRORS:
        raise _ERRORS[number]()
    if number != 0:
        cause = _CAUSES.get(number, "see WeChat's list of error codes")
        log.error("WeChat's login failed with errcode %d: %s", number, cause)
        raise LoginFailed(f"WeChat rejected the login with errcode {number}")
    openid = fields.get("openid")
    if not isinstance(openid, str) or not openid.isprintable() or not openid:
        raise LoginFailed("WeChat's login returned no openid")
    return openid
