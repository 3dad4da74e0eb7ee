"""POST /v1/login: exchange a code from ``wx.login`` for a token.

The answer to ``{"code": "..."}`` is ``{"token": "...", "expires_in": seconds}``. WeChat is
asked only about well-formed codes, and only as often as the address's rate limit allows.
"""

from __future__ import annotations

import json
import logging
import math
import re
import time

from tornado.web import stream_request_body

from server.access.addresses import network
from server.access.control import AccessControl
from server.core.bucket import BucketTable
from server.core.errors import (
    BadMessage,
    ForbiddenOrigin,
    FramewireError,
    NoLogin,
    TooManyLogins,
)
from server.settings import Settings
from server.transport.httpserver import bound_body
from server.transport.jsonapi import JSONHandler, send_json

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 4096
# Up to this, a body that is too large is read and discarded, so that the client sees the answer.
MAX_READ_BYTES = 64 * 1024
BODY_TIMEOUT_S = 10.0
_CODE = re.compile(r"[A-Za-z0-9_-]{1,256}")


@stream_request_body
class LoginHandler(JSONHandler):
    """One login."""

    accepts = "a login code"

    def initialize(self, access: AccessControl, settings: Settings, logins: BucketTable) -> None:
        self.access = access
        self._settings = settings
        self._logins = logins
        self._json = bytearray()

    def prepare(self) -> None:
        bound_body(self.request, MAX_READ_BYTES, BODY_TIMEOUT_S)
        try:
            self.allow_page()
        except ForbiddenOrigin as error:
            self.reject(error)

    def data_received(self, chunk: bytes) -> None:
        self._json += chunk[: MAX_BODY_BYTES + 1 - len(self._json)]

    async def post(self) -> None:
        self.set_header("Cache-Control", "no-store")
        try:
            answer = await self._login()
        except FramewireError as error:
            self.reject(error)
        else:
            send_json(self, answer)

    async def _login(self) -> dict[str, str | int]:
        wechat, tokens = self.access.wechat, self.access.tokens
        if wechat is None or tokens is None:
            raise NoLogin("this gateway has no login: wechat_appid is not set")
        address = self.access.client(self.request).address
        now, key = time.monotonic(), network(address)
        if not self._logins.allows(key, now):
            error = TooManyLogins("too many logins from this address; try again later")
            error.retry_after_s = math.ceil(self._logins.wait_s(key, now))
            raise error
        subject = await wechat.subject(self._code())
        life_s = self._settings.login_token_s
        fields = {"subject": subject, "address": address}
        log.info("%(subject)s signed in from %(address)s", fields)
        return {"token": tokens.issue(subject, life_s), "expires_in": life_s}

    def _code(self) -> str:
        self.check_encoding()
        if len(self._json) > MAX_BODY_BYTES:
            raise BadMessage(f"a login is a JSON object of at most {MAX_BODY_BYTES} bytes")
        try:
            fields = json.loads(self._json)
        except (ValueError, RecursionError):
            raise BadMessage("the body is not JSON") from None
        code = fields.get("code") if isinstance(fields, dict) else None
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            raise BadMessage("'code' must be a string that wx.login returned")
        return code
