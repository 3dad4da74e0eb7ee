"""One immutable class for each message of protocol version 1 (docs/protocol.md).

Named tuples are those that are made for every frame: that takes a quarter of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from server.core.answers import Answer
from server.core.errors import FramewireError
from server.core.model import Model, Then
from server.core.pictures import UPRIGHT
from server.core.tracecontext import TraceContext
from server.core.tracking.areas import Area
from server.core.tracking.options import TrackingOptions

DropReason = Literal["superseded", "expired", "overtaken", "rate_limited", "overloaded", "draining"]

ENCODED_FORMATS = ("jpeg", "png", "webp")
RAW_CHANNELS = {"rgba": 4, "rgb": 3, "gray": 1}
Orientation = Literal["apply", "ignore"]
FORMATS = (*ENCODED_FORMATS, *RAW_CHANNELS)

# EXIF's orientations from here on swap width and height.
_FIRST_SIDEWAYS = 5


@dataclass(frozen=True, slots=True)
class Options:
    """The options of ``hello`` and ``configure``. None leaves an option as it is.

    ``then``: the second model; True: the one that the model's description names.
    """

    model: str | None = None
    label: str | None = None
    version: int | None = None
    token: str | None = None
    min_score: float | None = None
    max_results: int | None = None
    client: str | None = None
    orientation: Orientation | None = None
    track: TrackingOptions | Literal[False] | None = None  # False: no tracking
    zones: tuple[Area, ...] | None = None
    lines: tuple[Area, ...] | None = None
    then: Then | bool | None = None
    traceparent: TraceContext | None = None


# Client to server


@dataclass(frozen=True, slots=True)
class Hello:
    """Opens a session."""

    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Configure:
    """Changes a session's options."""

    options: Options = field(default_factory=Options)


class Frame(NamedTuple):
    """One picture. ``width`` and ``height`` are in pixels, of the picture as stored.

    ``captured_at`` is the client's clock in ms, echoed back untouched. ``orientation``
    is EXIF's number for how to turn the stored picture, and ``cost`` the effort of
    decoding it, and ``worst_cost`` the effort at worst, as :class:`~server.core.pictures.Header`
    has them. ``traceparent`` is the trace that its client has begun for it, and ``trace`` what
    follows it through the gateway.
    """

    id: int
    format: str
    data: bytes
    width: int
    height: int
    captured_at: int | float | None = None
    orientation: int = UPRIGHT
    cost: int = 0
    traceparent: TraceContext | None = None
    trace: Any = None
    worst_cost: int = 0

    @property
    def is_sideways(self) -> bool:
        """Whether turning it upright swaps its width and height."""
        return self.orientation >= _FIRST_SIDEWAYS

    @property
    def upright_size(self) -> tuple[int, int]:
        """Its width and height in pixels once it is turned upright."""
        return (self.height, self.width) if self.is_sideways else (self.width, self.height)


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a :class:`Pong` with the same ``t``."""

    t: int | float | str | None = None


ClientMessage = Hello | Configure | Frame | Ping


# Server to client


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that a client must respect. ``max_cost`` bounds a picture's decoding; 0: none."""

    window: int
    max_frame_bytes: int
    max_pixels: int
    max_staleness_ms: int
    max_cost: int = 0


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answers ``hello``. ``model`` is None while no model server answers.

    ``expires_in_s`` is the time until the session's token expires; None if tokens are
    not required.
    """

    session: str
    model: Model | None
    limits: Limits
    heartbeat_s: float
    expires_in_s: int | None = None


class Timing(NamedTuple):
    """Milliseconds in the gateway: in the queue, in the Predict call, and in total."""

    queue: float
    inference: float
    total: float


class Result(NamedTuple):
    """The outcome of a frame that a model answered. ``batch`` is the size of its batch.

    ``received``: when the frame arrived, in monotonic seconds. ``incomplete``: there was no
    capacity for a second model's answers. Clients do not see these two.
    """

    id: int
    model_version: int
    batch: int
    timing_ms: Timing
    answer: Answer
    captured_at: int | float | None = None
    received: float = 0.0
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """The outcome of a frame that was not answered, and why."""

    id: int
    reason: DropReason


@dataclass(frozen=True, slots=True)
class Error:
    """The outcome of the frame ``id``, or, without one, a problem of the session."""

    code: str
    message: str
    retryable: bool
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The session's model is available, unavailable (None) or another version."""

    model: Model | None


@dataclass(frozen=True, slots=True)
class Authorized:
    """Answers a new token in ``configure``: the session now lasts ``expires_in_s``."""

    expires_in_s: int


@dataclass(frozen=True, slots=True)
class GoingAway:
    """The server shuts down. Outcomes still follow; then the socket closes with 1001."""

    reconnect_after_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Advises the client to send no more frames per second than this; None: as many as it likes."""

    frames_per_s: float | None


@dataclass(frozen=True, slots=True)
class Pong:
    """Answers :class:`Ping`."""

    t: int | float | str | None = None


Outcome = Result | Dropped | Error
ServerMessage = Welcome | Outcome | ModelChanged | Authorized | Pace | GoingAway | Pong


def error_message(error: FramewireError, frame_id: int | None = None) -> Error:
    """Return ``error`` as a message; ``frame_id``: the frame whose outcome it is."""
    return Error(error.code, error.message, error.retryable, frame_id)
