"""A gateway and its sessions at one moment, as the dashboard's JSON has them."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from server.admin.interface import Adjustments, SessionFigures
from server.core.activity import Rates
from server.runtime.statistics import Statistics
from server.settings import Settings
from server.version import VERSION

_SESSION = [field.name for field in fields(SessionFigures)]
_RATES = [field.name for field in fields(Rates)]


def session_map(session: SessionFigures) -> dict[str, Any]:
    """Return a session's figures. There are thousands, for which ``asdict`` takes too long."""
    found = {name: getattr(session, name) for name in _SESSION}
    return {**found, "rates": {name: getattr(session.rates, name) for name in _RATES}}


def figures(now: Statistics, adjustments: Adjustments, settings: Settings) -> dict[str, Any]:
    """Return what a page needs beside the samples, with the upper bounds of their buckets."""
    return {
        "gateway": VERSION,
        "ready": now.ready,
        "sessions": now.sessions,
        "max_sessions": now.max_sessions,
        "paced_sessions": now.paced_sessions,
        "max_staleness_ms": settings.max_staleness_ms,
        "backends": [asdict(backend) for backend in now.backends],
        "model_sessions": [asdict(group) for group in now.model_sessions],
        "canary_label": settings.canary_label,
        "model": settings.model,
        **asdict(adjustments),
        "age_bounds_ms": [round(1000 * bound, 3) for bound in now.fine_age_s.bounds],
        "batch_bounds": now.batch_sizes.bounds,
    }
