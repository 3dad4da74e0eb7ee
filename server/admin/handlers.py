"""The addresses of the admin listener, and what the public address answers in their place."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from tornado.web import RequestHandler, stream_request_body

from server.access.administration import AdminAccess
from server.access.control import AccessControl
from server.admin import acts, auditlog
from server.admin.figures import figures, session_map
from server.admin.history import History
from server.admin.interface import Administered
from server.core import wire
from server.core.errors import AccessError, BadMessage, FramewireError, Internal, Overloaded
from server.handlers.health import MetricsPage
from server.handlers.notfound import send_not_found
from server.runtime.metrics import CONTENT_TYPE
from server.settings import Settings
from server.transport.httpserver import bound_body
from server.transport.jsonapi import send_error, send_json

PER_TURN = 50
BODY_BYTES, BODY_S = 4096, 10.0
READ_BYTES = 64 * 1024
"""Up to this, a body that is too large is read and discarded, so that the client is answered."""


class AdminHandler(RequestHandler):
    """What all addresses for operators have in common: who may use them, and how errors look."""

    def initialize(self, access: AdminAccess, administered: Administered) -> None:
        self.access = access
        self.administered = administered

    def prepare(self) -> None:
        self.set_header("Cache-Control", "no-store")
        try:
            self.access.check_origin(self.request)
            self.authorize()
        except AccessError as error:
            self.reject(error)

    def authorize(self) -> None:
        """Accept who may see figures. Raises AccessError."""
        self.access.check_reader(self.request)

    def reject(self, error: FramewireError) -> None:
        """End the request with an error."""
        send_error(self, error)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send the errors of HTTP itself, and of the gateway, in the form that all errors have."""
        error: FramewireError = Internal("the gateway failed to handle this; see its log")
        if status_code < 500:
            error = BadMessage(HTTPStatus(status_code).phrase)
            error.http_status = status_code
        send_error(self, error)


class FiguresHandler(AdminHandler):
    """GET /admin/figures?since=N: the gateway now, and the samples of its history from N on."""

    def initialize(  # type: ignore[override]
        self, access: AdminAccess, administered: Administered, history: History, settings: Settings
    ) -> None:
        super().initialize(access, administered)
        self._history = history
        self._settings = settings

    async def get(self) -> None:
        since = self.get_query_argument("since", "0")
        if not since.isascii() or not since.isdigit() or len(since) > 15:
            self.reject(BadMessage("'since' must be the number of a sample"))
            return
        statistics = self._history.newest or await self.administered.statistics()
        if statistics is None:
            self.reject(Overloaded("no worker serves at the moment"))
            return
        now = figures(statistics, self.administered.adjustments, self._settings)
        history = {"next": self._history.next, "samples": self._history.since(int(since))}
        send_json(self, {**now, "may_act": self.access.has_operators, **history})

    head = get


class SessionsHandler(AdminHandler):
    """GET /admin/sessions: all open sessions.

    There may be thousands, so it pauses again and again, and no frame is kept waiting.
    """

    async def get(self) -> None:
        rows: list[bytes | str] = []
        for number, session in enumerate(await self.administered.sessions(), 1):
            rows.append(wire.JSON.pack(session_map(session)))
            if number % PER_TURN == 0:
                await asyncio.sleep(0)
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(f'{{"sessions":[{",".join(map(str, rows))}]}}')

    head = get


class SessionHandler(AdminHandler):
    """GET /admin/sessions/ID: the last minute of one session."""

    async def get(self, session: str) -> None:
        minute = await self.administered.minute(session)
        if minute is None:
            _send_no_session(self)
            return
        seconds = [asdict(second) for second in minute.seconds]
        send_json(self, {"figures": session_map(minute.figures), "seconds": seconds})

    head = get


class LabelsHandler(AdminHandler):
    """GET /admin/labels: where labels point and may point, or why they cannot be moved."""

    async def get(self) -> None:
        labels = await self.administered.labels()
        if labels is None:
            self.reject(Overloaded("no worker serves at the moment"))
            return
        send_json(self, asdict(labels))

    head = get


class MetricsHandler(AdminHandler):
    """/metrics, as on the public address."""

    def initialize(  # type: ignore[override]
        self, access: AdminAccess, administered: Administered, metrics: MetricsPage
    ) -> None:
        super().initialize(access, administered)
        self._metrics = metrics

    async def get(self) -> None:
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(await self._metrics.page())

    head = get


@stream_request_body
class ActHandler(AdminHandler):
    """POST /admin/ACT: an act of an operator, which leaves a line in the log in any case.

    The body is collected here: Tornado itself would close the connection of one that is too large,
    and nothing would be logged. An act that is refused is logged at once, and answered after its
    body, because an answer before would close the connection.
    """

    _operator = ""
    _is_settled = False  # the body is here, or the answer has been given without it
    _rejection: FramewireError | None = None

    def prepare(self) -> None:
        self._body = bytearray()
        bound_body(self.request, READ_BYTES, BODY_S)
        super().prepare()

    def data_received(self, chunk: bytes) -> None:
        self._body += chunk[: BODY_BYTES + 1 - len(self._body)]

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self._operator and not self._is_settled:
            self._not_done(f"the body did not arrive, or has over {READ_BYTES} bytes")

    def on_finish(self) -> None:
        self._is_settled = True

    def authorize(self) -> None:
        """Accept operators only. Raises AccessError."""
        if self.request.method == "POST":
            self._operator = self.access.operator(self.request)

    def reject(self, error: FramewireError) -> None:
        """Log an error, and end the request with it, or leave that to :meth:`post`."""
        auditlog.refused(self._address, self._act, error.message)
        if self.request.method == "POST":
            self._rejection = error
        else:
            super().reject(error)

    async def post(self, act: str) -> None:
        self._is_settled = True
        if self._rejection is not None:
            send_error(self, self._rejection)
            return
        try:
            fields = self._fields(act)
        except BadMessage as error:
            self._not_done(str(error))
            send_error(self, error)
            return
        outcome = "failed"
        try:
            outcome = await acts.carry_out(act, fields, self.administered)
        except FramewireError as error:
            outcome = error.message
            send_error(self, error)
            return
        finally:
            auditlog.carried_out(self._operator, self._address, act, fields, outcome)
        if outcome == acts.NO_SESSION:
            _send_no_session(self)
        elif outcome != acts.DONE:
            _send_refused(self, 409, "refused", outcome)
        else:
            send_json(self, {"outcome": outcome})

    def _fields(self, act: str) -> acts.Fields:
        if len(self._body) > BODY_BYTES:
            raise BadMessage(f"the body may have at most {BODY_BYTES} bytes")
        return acts.read(act, bytes(self._body))

    def _not_done(self, reason: str) -> None:
        outcome = f"not done: {reason}"
        auditlog.carried_out(self._operator, self._address, self._act, {}, outcome)

    @property
    def _act(self) -> str:
        return self.path_args[0] if self.path_args else self.request.path[:80]

    @property
    def _address(self) -> str:
        return self.access.address(self.request)


@stream_request_body
class PublicActHandler(RequestHandler):
    """/admin/ at the public address: not found, and logged, whatever its body is."""

    def initialize(self, access: AccessControl) -> None:
        self._access = access

    def prepare(self) -> None:
        address, path = self._access.client(self.request).address, self.request.path
        auditlog.refused(address, path[:80], "the public address takes no admin calls")

    def data_received(self, chunk: bytes) -> None:
        """Discard the body."""

    def _any(self) -> None:
        send_not_found(self)

    get = head = post = put = patch = delete = options = _any


def _send_no_session(handler: RequestHandler) -> None:
    _send_refused(handler, 404, "not_found", acts.NO_SESSION)


def _send_refused(handler: RequestHandler, status: int, code: str, message: str) -> None:
    handler.set_status(status)
    send_json(handler, {"type": "error", "code": code, "message": message, "retryable": False})
