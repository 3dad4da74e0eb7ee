"""One frozen dataclass for each message of the wire, version 1 (docs/protocol.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from server.core.answers import Answer
from server.core.errors import FramewireError
from server.core.model import Model

DropReason = Literal["superseded", "expired", "overtaken", "rate_limited", "overloaded", "draining"]

ENCODED_FORMATS = ("jpeg", "png", "webp")
RAW_CHANNELS = {"rgba": 4, "rgb": 3, "gray": 1}
FORMATS = (*ENCODED_FORMATS, *RAW_CHANNELS)


@dataclass(frozen=True, slots=True)
class Options:
    """What ``hello`` and ``configure`` may say. None: not said, so leave it as it is."""

    model: str | None = None
    label: str | None = None
    version: int | None = None
    token: str | None = None
    min_score: float | None = None
    max_results: int | None = None
    client: str | None = None


# Client to server


@dataclass(frozen=True, slots=True)
class Hello:
    """Opens a session."""

    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Configure:
    """Changes a session's options."""

    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. ``width`` and ``height`` are in pixels, of the picture as sent.

    ``captured_at`` is the client's clock in ms, echoed back untouched.
    """

    id: int
    format: str
    data: bytes
    width: int
    height: int
    captured_at: int | float | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered by :class:`Pong` with the same ``t``."""

    t: int | float | str | None = None


ClientMessage = Hello | Configure | Frame | Ping


# Server to client


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client must keep to."""

    window: int
    max_frame_bytes: int
    max_pixels: int
    max_staleness_ms: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answers ``hello``. ``model`` is None while no model server answers.

    ``expires_in_s``: until the session's token expires; None: tokens are not asked for.
    """

    session: str
    model: Model | None
    limits: Limits
    heartbeat_s: float
    expires_in_s: int | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds in the gateway: waiting, in the Predict call, and in all."""

    queue: float
    inference: float
    total: float


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a frame that a model answered. ``batch`` is its batch's size."""

    id: int
    model_version: int
    batch: int
    timing_ms: Timing
    answer: Answer
    captured_at: int | float | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """The outcome of a frame that was not worth answering."""

    id: int
    reason: DropReason


@dataclass(frozen=True, slots=True)
class Error:
    """The outcome of a frame that failed (``id``), or what is wrong with the session."""

    code: str
    message: str
    retryable: bool
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The session's model has come, gone (None) or changed its version."""

    model: Model | None


@dataclass(frozen=True, slots=True)
class Authorized:
    """Answers a new token in ``configure``: the session now lasts ``expires_in_s``."""

    expires_in_s: int


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The server stops soon. Outcomes still come; then the socket closes with 1001."""

    reconnect_after_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Pong:
    """Answers :class:`Ping`."""

    t: int | float | str | None = None


Outcome = Result | Dropped | Error
ServerMessage = Welcome | Outcome | ModelChanged | Authorized | GoingAway | Pong


def error_message(error: FramewireError, frame_id: int | None = None) -> Error:
    """Return ``error`` as a message; ``frame_id``: the frame whose outcome it is."""
    return Error(error.code, error.message, error.retryable, frame_id)
