"""GET /v1/models: the models that sessions and uploads can ask for."""

from __future__ import annotations

import time

from server.access.control import AccessControl
from server.core import wire
from server.core.errors import FramewireError
from server.runtime.gateway import Gateway
from server.transport.jsonapi import JSONHandler, send_json


class ModelsHandler(JSONHandler):
    """Everything the gateway knows about its models, for those who may send pictures."""

    method = "GET"

    def initialize(self, gateway: Gateway, access: AccessControl) -> None:
        self._gateway = gateway
        self.access = access

    def prepare(self) -> None:
        try:
            self.allow_page()
            if self.request.method != "OPTIONS":  # a preflight request has no token yet
                self.access.require_token(self.request, time.monotonic())
        except FramewireError as error:
            self.reject(error)

    def get(self) -> None:
        send_json(self, {"models": list(map(wire.status_map, self._gateway.models()))})

    head = get
