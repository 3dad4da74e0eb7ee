"""JSON over HTTP: answers, errors, CORS and what a request body may be encoded as."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from tornado.web import RequestHandler

from server.access.control import AccessControl
from server.core import wire
from server.core.errors import (
    AccessError,
    BadMessage,
    ForbiddenOrigin,
    FramewireError,
    Internal,
    Unauthorized,
    UnsupportedFormat,
)
from server.core.messages import error_message

log = logging.getLogger(__name__)

PREFLIGHT_S = 600


def send_json(handler: RequestHandler, fields: Mapping[str, Any], retry_after_s: int = 1) -> None:
    """End a request with a JSON object."""
    handler.set_header("Content-Type", "application/json; charset=UTF-8")
    if fields.get("type") == "dropped" or fields.get("retryable"):
        handler.set_header("Retry-After", str(retry_after_s))
    if fields.get("code") == Unauthorized.code:
        handler.set_header("WWW-Authenticate", "Bearer")
    handler.finish(wire.JSON.pack(fields))


def send_error(handler: RequestHandler, error: FramewireError) -> None:
    """End a request with an error, in the form that all errors have."""
    handler.set_status(error.http_status)
    send_json(handler, wire.to_map(error_message(error), text=True), error.retry_after_s)


def send_http_error(handler: RequestHandler, status_code: int, expected: str, methods: str) -> None:
    """End a request with an error of HTTP itself, in the form that all errors have.

    ``expected``: what to send instead. ``methods``: those that the address takes.
    """
    error: FramewireError = Internal("the gateway failed to handle this request; see its log")
    if status_code < 500:
        error = BadMessage(f"{HTTPStatus(status_code).phrase}: {expected}")
    if status_code == 405:
        handler.set_header("Allow", methods)
    send_json(handler, wire.to_map(error_message(error), text=True))


def report_rejection(
    handler: RequestHandler, access: AccessControl, code: str, reason: str
) -> None:
    """Count a rejected request and log the reason in one line."""
    path = handler.request.path
    access.on_rejection(path, code)
    address = access.client(handler.request).address
    fields = {"path": path, "address": address, "code": code, "reason": reason}
    log.info("%(path)s from %(address)s rejected: %(reason)s", fields)


class ReadOnlyHandler(RequestHandler):
    """An address to read from, for any client."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send the errors of HTTP itself in the form that all errors have."""
        send_http_error(self, status_code, "use GET", "GET, HEAD")


class JSONHandler(RequestHandler):
    """An address for requests of one method, also from pages of allowed origins."""

    access: AccessControl
    method = "POST"
    accepts = ""  # what to send by POST, for error messages

    def allow_page(self) -> None:
        """Let the requesting page read the answer. Raises ForbiddenOrigin."""
        self.set_header("Vary", "Origin")
        origin = self.access.check_origin(self.request)
        if origin is not None:
            self.set_header("Access-Control-Allow-Origin", origin)
            self.set_header("Access-Control-Expose-Headers", "Retry-After")

    def check_encoding(self) -> None:
        """Accept a body only as it is, not compressed. Raises UnsupportedFormat."""
        encoding = self.request.headers.get("Content-Encoding", "").strip()
        if encoding.lower() not in ("", "identity"):
            self.set_header("Accept-Encoding", "identity")
            raise UnsupportedFormat(
                f"Content-Encoding {encoding[:40]!r} is not supported; send the body uncompressed"
            )

    def options(self) -> None:
        """Answer a browser's preflight request."""
        self.set_header("Access-Control-Allow-Methods", self.method)
        self.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type")
        self.set_header("Access-Control-Max-Age", str(PREFLIGHT_S))
        self.set_status(204)
        self.finish()

    def reject(self, error: FramewireError) -> None:
        """End the request with an error; count and log it if access was denied."""
        if isinstance(error, AccessError):
            report_rejection(self, self.access, error.code, error.message)
        send_error(self, error)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send the errors of HTTP itself in the form that all errors have."""
        with contextlib.suppress(ForbiddenOrigin):
            self.allow_page()
        expected = f"send {self.accepts} by POST" if self.accepts else f"use {self.method}"
        methods = "GET, HEAD" if self.method == "GET" else self.method
        send_http_error(self, status_code, expected, f"{methods}, OPTIONS")
