"""What the runtime asks of a model server. The runtime knows this page and no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.core.answers import Answer
from server.core.errors import FramewireError
from server.core.messages import Frame
from server.core.model import Lane, Model, ModelKey


@dataclass(frozen=True, slots=True)
class Inference:
    """A batch's answer: for each frame, in order, what the model said or why it could not.

    ``model_version`` is the version that really answered.
    """

    model_version: int
    answers: Sequence[Answer | FramewireError]


class Backend(Protocol):
    """One model-server address."""

    async def discover(self, key: ModelKey) -> Model:
        """Learn a model from GetModelMetadata and its ``describe`` signature.

        Raises UnknownModel, UnusableModel, ModelUnavailable (the model server answers, but
        not about this model) or BackendUnavailable (it does not answer).
        """

    async def infer(self, lane: Lane, frames: Sequence[Frame], timeout_s: float) -> Inference:
        """One Predict call for ``frames``, all of ``lane``, within ``timeout_s`` seconds.

        Frames whose picture cannot be decoded here come back as a FrameError in
        their place, or as Overloaded where there was no time for it, and the rest
        are answered. Raises BatchRejected when the
        model server refuses the contents, DeadlineExceeded, UnknownModel,
        ModelFailed, Overloaded or BackendUnavailable.
        """

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Call ``changed(reachable)``, on the loop, whenever the connection comes or goes."""

    async def close(self) -> None:
        """Give back the connection and the threads."""
