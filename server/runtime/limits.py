"""A new session and a new model server, with their bounds from the settings."""

from __future__ import annotations

import math
import secrets

from server.core.admission import Admission
from server.core.bucket import TokenBucket
from server.core.concurrency import INITIAL_CALLS, ConcurrencyLimit
from server.core.messages import Limits
from server.core.model import ModelKey
from server.core.session import Session
from server.core.slots import Slots
from server.settings import Settings

# What one frame may take of its session's budget for decoding, in seconds of it.
_FRAME_SHARE_S = 0.5


def limits(settings: Settings) -> Limits:
    """Return what a client is told about its limits."""
    return Limits(
        window=settings.window,
        max_frame_bytes=settings.max_frame_bytes,
        max_pixels=settings.max_pixels,
        max_staleness_ms=settings.max_staleness_ms,
        max_cost=math.ceil(_FRAME_SHARE_S * settings.max_megapixels_per_s * 1e6),
    )


def new_session(
    settings: Settings, limits: Limits, default: ModelKey, admission: Admission
) -> Session:
    """Return a session with a new id."""
    return Session(
        secrets.token_hex(8),
        limits,
        settings.ping_s,
        default,
        frame_rate(settings),
        admission,
        decoding(settings),
    )


def frame_rate(settings: Settings) -> TokenBucket | None:
    """Return a session's bound on its frames, of which it may send a window's at once."""
    rate = settings.max_frame_rate
    return TokenBucket(rate, settings.window) if rate else None


def decoding(settings: Settings) -> TokenBucket | None:
    """Return a session's bound on the cost of decoding, of which it may use a second's at once."""
    per_second = settings.max_megapixels_per_s * 1e6
    return TokenBucket(per_second, per_second) if per_second else None


def new_slots(settings: Settings) -> Slots:
    """Return the slots of one model server."""
    limit = ConcurrencyLimit(
        settings.max_calls,
        initial=max(INITIAL_CALLS, settings.window),
        burst=settings.window - 1,
    )
    return Slots(limit)
