"""What the runtime asks of a model server, and all that it knows about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from server.core.answers import Answer
from server.core.cascade import Region
from server.core.errors import FramewireError, ModelFailed
from server.core.messages import Frame
from server.core.model import Lane, Model, ModelKey

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The W3C trace context that calls carry to the model server, if any."""

_TOTAL = re.compile(r"\btotal;dur=(\d{1,9}(\.\d{1,9})?)")


class CallTiming(NamedTuple):
    """When a Predict call was sent and answered, in monotonic seconds.

    ``server_timing`` is the model server's own account of it, in the form of HTTP's
    ``Server-Timing``: ``total;dur=`` and milliseconds. None: it gives none.
    """

    sent: float
    received: float
    server_timing: str | None = None

    @property
    def server_s(self) -> float | None:
        """How long the model server says that it worked on the call."""
        total = _TOTAL.search(self.server_timing or "")
        return float(total[1]) / 1000 if total else None


@dataclass(frozen=True, slots=True)
class Inference:
    """A batch's answers: one per frame, in order, or the error of a frame without one.

    ``model_version`` is the version that answered. ``model`` is that version if it was learnt
    from this answer. ``timing`` is that of the call; None: no frame could be sent. ``labels`` are
    a classifier's class names, with those that this answer has added.
    """

    model_version: int
    answers: Sequence[Answer | FramewireError]
    model: Model | None = None
    timing: CallTiming | None = None
    labels: tuple[str, ...] = ()


class LaneChanged(ModelFailed):
    """The lane is not one of its model any more; ``model`` is what serves its frames now."""

    def __init__(self, model: Model) -> None:
        super().__init__(f"model {model.key} changed while the frame was under way")
        self.model = model


class BackendFailed(Exception):
    """One of several model servers failed, with ``error``; another one may answer the batch."""

    def __init__(self, error: FramewireError) -> None:
        super().__init__(str(error))
        self.error = error


class Backend(Protocol):
    """One model-server address, or several."""

    async def discover(self, key: ModelKey) -> Model:
        """Learn a model from GetModelMetadata and its ``describe`` signature.

        Raises UnknownModel, UnusableModel, ModelUnavailable (the model server answers, but
        not about this model) or BackendUnavailable (it does not answer).
        """

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, call: object = None
    ) -> Inference:
        """Send one Predict call for ``frames``, all of ``lane``, within ``timeout_s`` seconds.

        ``call`` is the slot that the batch occupies. If there are several model servers, it
        says which one the batch goes to, and BackendFailed is raised if that one fails.

        A frame whose picture cannot be decoded gets a FrameError in its place, or
        Overloaded if there was no time to decode it; the others are answered. Raises
        BatchRejected if the model server rejects the contents, DeadlineExceeded,
        LaneChanged if a new version takes these frames in another lane, UnusableModel if
        an answer contradicts the contract, UnknownModel, ModelFailed, Overloaded or
        BackendUnavailable.
        """

    async def cut(
        self, frame: Frame, regions: Sequence[Region], picture_format: str, timeout_s: float
    ) -> Sequence[bytes]:
        """Return parts of ``frame`` in ``picture_format``, raw or encoded, cut out in a thread.

        Raises BadFrame if it cannot be decoded, and DeadlineExceeded after ``timeout_s`` seconds.
        """

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Call ``changed(reachable)`` on the loop when the connection is made or lost."""

    async def close(self) -> None:
        """Close the connection and end the threads."""
