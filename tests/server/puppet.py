"""A backend that does what it is told, when it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from server.backend.interface import Inference
from server.core.answers import Answer, Detections
from server.core.cascade import Region
from server.core.errors import (
    BackendUnavailable,
    BadFrame,
    BatchRejected,
    DeadlineExceeded,
    FrameError,
    FramewireError,
    UnknownModel,
)
from server.core.messages import Frame
from server.core.model import Lane, Model, ModelKey

DIGITS = ModelKey("digits")
STABLE = ModelKey("digits", "stable")
CANARY = ModelKey("digits", "canary")
POISON = b"poison"


def model(key: ModelKey = DIGITS, version: int = 1, *formats: str) -> Model:
    """A detection model that takes ``formats`` in one lane (all but webp unless said)."""
    lane = Lane(key, "serving_default")
    names = formats or ("jpeg", "png", "rgba", "rgb", "gray")
    return Model(key, version, "detection", ("zero", "one"), 192, 192, dict.fromkeys(names, lane))


def answer_to(frame: Frame) -> Answer:
    """The puppet's answer to a frame: one box whose class is the frame's id."""
    return Detections([[0.0, 0.0, 0.5, 0.5]], [0.75], [frame.id])


@dataclass
class Call:
    """One Predict call under way."""

    lane: Lane
    frames: Sequence[Frame]
    timeout_s: float
    ended: asyncio.Future[Inference] = field(repr=False)

    @property
    def ids(self) -> list[int]:
        """The ids of its frames."""
        return [frame.id for frame in self.frames]

    def answer(self, version: int = 1) -> None:
        """Every frame is answered by ``version`` of the model."""
        self.answer_with([answer_to(frame) for frame in self.frames], version)

    def answer_with(self, answers: Sequence[Answer | FrameError], version: int = 1) -> None:
        """The call is answered with just these answers, be they right or wrong."""
        if not self.ended.done():
            self.ended.set_result(Inference(version, answers))

    def fail(self, error: BaseException) -> None:
        """The call raises ``error``."""
        if not self.ended.done():
            self.ended.set_exception(error)

    def judge(self, version: int = 1) -> None:
        """As a model server does it: a batch with a poisoned picture is rejected."""
        if any(POISON in frame.data for frame in self.frames):
            self.fail(BatchRejected("cannot decode"))
        else:
            self.answer(version)


class PuppetBackend:
    """A :class:`server.backend.interface.Backend` in the test's hands.

    ``models``: what ``discover`` finds. ``obey``: called with each call as soon as
    it comes; None leaves the calls to :meth:`next_call`. A call that is not told
    anything ends with DeadlineExceeded after its own timeout, as gRPC's do.
    """

    def __init__(self, obey: Callable[[Call], None] | None = None) -> None:
        self.models: dict[ModelKey, Model | FramewireError] = {DIGITS: model()}
        self.obey = obey
        self.calls: list[Call] = []
        self.lookups: list[ModelKey] = []
        self.answers_lookups = asyncio.Event()
        self.answers_lookups.set()
        self.cutting = asyncio.Event()
        self.cuts = asyncio.Event()
        self.cuts.set()
        self.cut_formats: list[str] = []
        self.reachable = True
        self.closed = False
        self._untold: asyncio.Queue[Call] = asyncio.Queue()
        self._watchers: list[Callable[[bool], None]] = []

    async def next_call(self, timeout_s: float = 20.0) -> Call:
        """The next call that has not been told anything."""
        return await asyncio.wait_for(self._untold.get(), timeout_s)

    @property
    def under_way(self) -> list[Call]:
        """The calls that have not ended."""
        return [call for call in self.calls if not call.ended.done()]

    def go_away(self) -> None:
        """The model server dies: calls fail, look-ups fail, watchers are told."""
        self._set_reachable(False)
        for call in self.under_way:
            call.fail(BackendUnavailable("connection lost"))

    def come_back(self) -> None:
        """The model server is there again."""
        self._set_reachable(True)

    # What the gateway sees

    async def discover(self, key: ModelKey) -> Model:
        """What the test put into ``models``."""
        self.lookups.append(key)
        await self.answers_lookups.wait()
        if not self.reachable:
            raise BackendUnavailable("no model server answers")
        found = self.models.get(key) or UnknownModel(f"there is no {key}")
        if isinstance(found, FramewireError):
            raise found
        return found

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, call: object = None
    ) -> Inference:
        """Waits until it is told how to end."""
        if not self.reachable:
            raise BackendUnavailable("no model server answers")
        loop = asyncio.get_running_loop()
        made = Call(lane, frames, timeout_s, loop.create_future())
        self.calls.append(made)
        deadline = loop.call_later(timeout_s, made.fail, DeadlineExceeded())
        if self.obey is not None:
            self.obey(made)
        else:
            self._untold.put_nowait(made)
        try:
            return await made.ended
        finally:
            deadline.cancel()

    async def cut(
        self, frame: Frame, regions: Sequence[Region], picture_format: str, timeout_s: float
    ) -> Sequence[bytes]:
        """Waits for ``cuts``. Crops have nothing in them, or what the frame has after a ``!``."""
        self.cutting.set()
        if not await _within(self.cuts, timeout_s):
            raise DeadlineExceeded
        self.cut_formats.append(picture_format)
        if frame.data.startswith(b"broken"):
            raise BadFrame("truncated")
        return [frame.data.partition(b"!")[2]] * len(regions)

    def watch(self, changed: Callable[[bool], None]) -> None:
        """``changed`` hears of :meth:`go_away` and :meth:`come_back`."""
        self._watchers.append(changed)

    async def close(self) -> None:
        """Remembered in ``closed``."""
        self.closed = True

    def _set_reachable(self, reachable: bool) -> None:
        self.reachable = reachable
        for changed in self._watchers:
            changed(reachable)


async def _within(event: asyncio.Event, timeout_s: float) -> bool:
    waiter = asyncio.ensure_future(event.wait())
    done, _ = await asyncio.wait([waiter], timeout=max(0.0, timeout_s))
    waiter.cancel()
    return bool(done)
