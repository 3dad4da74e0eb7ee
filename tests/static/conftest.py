"""A gateway for the JavaScript client to talk to."""

from __future__ import annotations

from tests.server.handlers.conftest import puppet, serve, served

__all__ = ["puppet", "serve", "served"]
