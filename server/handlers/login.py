"""POST /v1/login: a code of ``wx.login`` becomes a token.

``{"code": "..."}`` is answered by ``{"token": "...", "expires_in": seconds}``. WeChat is asked
only for what can be a code, and only so often for one address.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time

from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from server.access.control import AccessControl
from server.access.ratelimiter import RateLimiter
from server.core.errors import (
    BadMessage,
    ForbiddenOrigin,
    FramewireError,
    NoLogin,
    TooManyLogins,
)
from server.settings import Settings
from server.transport.jsonapi import JSONHandler, tell

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 4096
FAR_TOO_LARGE_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0
_CODE = re.compile(r"[A-Za-z0-9_-]{1,256}")


@stream_request_body
class LoginHandler(JSONHandler):
    """One login. A body that is too large is read, but not kept; one far too large is not read."""

    takes = "a login's code is"

    def initialize(self, access: AccessControl, settings: Settings, attempts: RateLimiter) -> None:
        self.access = access
        self._settings = settings
        self._attempts = attempts
        self._body = bytearray()

    def prepare(self) -> None:
        assert isinstance(self.request.connection, HTTP1Connection)
        self.request.connection.set_body_timeout(BODY_TIMEOUT_S)
        self.request.connection.set_max_body_size(FAR_TOO_LARGE_BYTES)
        try:
            self.admit_page()
        except ForbiddenOrigin as error:
            self.refuse(error)

    def data_received(self, chunk: bytes) -> None:
        self._body += chunk[: MAX_BODY_BYTES + 1 - len(self._body)]

    async def post(self) -> None:
        self.set_header("Cache-Control", "no-store")
        try:
            answer = await self._login()
        except FramewireError as error:
            self.refuse(error)
        else:
            tell(self, answer)

    async def _login(self) -> dict[str, str | int]:
        wechat, tokens = self.access.wechat, self.access.tokens
        if wechat is None or tokens is None:
            raise NoLogin("this gateway gives out no tokens: its wechat_appid is not set")
        if not self._attempts.allows(self.access.client(self.request).address, time.monotonic()):
            error = TooManyLogins("too many logins of this address; try again later")
            error.retry_after_s = math.ceil(60 / self._settings.max_logins_per_min)
            raise error
        subject = await wechat.subject(self._code())
        life_s = self._settings.login_token_s
        log.info("%s signed in from %s", subject, self.access.client(self.request).address)
        return {"token": tokens.issue(subject, life_s), "expires_in": life_s}

    def _code(self) -> str:
        if len(self._body) > MAX_BODY_BYTES:
            raise BadMessage(f"a login is a JSON object of at most {MAX_BODY_BYTES} bytes")
        try:
            fields = json.loads(self._body)
        except (ValueError, RecursionError):
            raise BadMessage("the body is not JSON") from None
        code = fields.get("code") if isinstance(fields, dict) else None
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise BadMessage("code: the text that wx.login gave is required")
        return code
