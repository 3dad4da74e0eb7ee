"""What the addresses have in common that pages and programs call with a body: origins, answers."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from typing import Any

from tornado.web import RequestHandler

from server.access.door import Door
from server.core import wire
from server.core.errors import (
    AccessError,
    BadMessage,
    ForbiddenOrigin,
    FramewireError,
    Internal,
    Unauthorized,
)
from server.core.messages import error_message

log = logging.getLogger(__name__)

PREFLIGHT_S = 600


def tell(handler: RequestHandler, fields: Mapping[str, Any], retry_after_s: int = 1) -> None:
    """End a request with a map as JSON."""
    handler.set_header("Content-Type", "application/json; charset=UTF-8")
    if fields.get("type") == "dropped" or fields.get("retryable"):
        handler.set_header("Retry-After", str(retry_after_s))
    if fields.get("code") == Unauthorized.code:
        handler.set_header("WWW-Authenticate", "Bearer")
    handler.finish(wire.JSON.pack(fields))


def refuse(handler: RequestHandler, error: FramewireError) -> None:
    """End a request with an error, told like all others."""
    handler.set_status(error.http_status)
    tell(handler, wire.to_map(error_message(error), text=True), error.retry_after_s)


def note(handler: RequestHandler, door: Door, code: str, why: str) -> None:
    """Count who was not let in, with one line that says why."""
    path = handler.request.path
    door.kept_out(path, code)
    log.info("%s from %s refused: %s", path, door.client(handler.request).address, why)


class GuardedHandler(RequestHandler):
    """An address that takes POST, from pages of allowed origins too."""

    door: Door
    takes = ""  # what is sent here, for people

    def admit_page(self) -> None:
        """Let the page that asks read the answer. Raises ForbiddenOrigin."""
        self.set_header("Vary", "Origin")
        origin = self.door.check_origin(self.request)
        if origin is not None:
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Expose-Headers", "Retry-After")

    def options(self) -> None:
        """What a browser asks before it sends a page's POST."""
        self.set_header("Access-Control-Allow-Methods", "POST")
        self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
        self.set_header("Access-Control-Max-Age", str(PREFLIGHT_S))
        self.set_status(204)
        self.finish()

    def refuse(self, error: FramewireError) -> None:
        """End the request with an error; who may not come in is noted."""
        if isinstance(error, AccessError):
            note(self, self.door, error.code, error.message)
        refuse(self, error)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Errors of HTTP itself, told like all others."""
        with contextlib.suppress(ForbiddenOrigin):
            self.admit_page()
        error: FramewireError = Internal("the gateway failed on this request; see its log")
        if status_code < 500:
            error = BadMessage(f"{self._reason}: {self.takes} sent here by POST")
        if status_code == 405:
            self.set_header("Allow", "POST, OPTIONS")
        tell(self, wire.to_map(error_message(error), text=True))
