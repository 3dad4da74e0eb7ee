"""Frames -> the pixels that a model takes: decoded, resized and scaled, in threads.

A picture's EXIF orientation is not applied: graphs that decode for themselves
do not apply it either, and boxes are of the frame as it was sent.
"""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from server.backend.contract import PixelsInput
from server.backend.description import Scale
from server.core.errors import (
    BadFrame,
    BatchRejected,
    DeadlineExceeded,
    FramewireError,
    Overloaded,
)
from server.core.messages import RAW_CHANNELS, Frame

# The gateway checks every frame's size against its own limit before it comes here,
# and _open() holds the decoder to that size.
Image.MAX_IMAGE_PIXELS = None

_RAW_MODES = {"rgba": "RGBA", "rgb": "RGB", "gray": "L"}
_MODES = {1: "L", 3: "RGB"}
_MAX_REASON_CHARS = 120

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a frame lies in the model's input, in fractions of that input."""

    left: float
    top: float
    width: float
    height: float


WHOLE = Placement(0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Pixels:
    """A batch's pixels. ``outcomes`` has, for every frame, its placement or what is
    wrong with it; ``values`` [N,H,W,C] has a row for each placement, in order."""

    values: np.ndarray[Any, Any]
    outcomes: Sequence[Placement | FramewireError]


class Decoder:
    """Decodes in at most ``threads`` threads (None: one a core)."""

    def __init__(self, threads: int | None = None) -> None:
        self._pool = ThreadPoolExecutor(threads or os.cpu_count() or 1, "decode")

    async def decode(
        self, frames: Sequence[Frame], wanted: PixelsInput, timeout_s: float
    ) -> Pixels:
        """``frames`` as ``wanted``, as far as they are done after ``timeout_s`` seconds.

        Raises DeadlineExceeded if none is, and BatchRejected if frames that keep
        their size differ in it.
        """
        sizes = {_target(frame, wanted) for frame in frames}
        if len(sizes) != 1:
            raise BatchRejected("frames of different sizes cannot share a batch")
        [(width, height)] = sizes
        shape = (len(frames), height, width, wanted.channels)
        values = np.empty(shape, wanted.dtype)
        outcomes = await self._draw_all(frames, wanted, values, timeout_s)
        good = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Placement)]
        return Pixels(values if len(good) == len(frames) else values[good], outcomes)

    def close(self) -> None:
        """Let the threads end; those at work finish their picture first."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _draw_all(
        self,
        frames: Sequence[Frame],
        wanted: PixelsInput,
        values: np.ndarray[Any, Any],
        timeout_s: float,
    ) -> list[Placement | FramewireError]:
        loop = asyncio.get_running_loop()
        tasks = {
            i: loop.run_in_executor(self._pool, draw, frames[i], wanted, values[i])
            for i in sorted(range(len(frames)), key=lambda i: _cost(frames[i]))
        }
        try:
            done, _ = await asyncio.wait(tasks.values(), timeout=max(0.0, timeout_s))
        finally:
            for task in tasks.values():
                task.cancel()
        if not done:
            raise DeadlineExceeded("no time left after decoding")
        late = Overloaded("the gateway had no time to decode this frame")
        return [tasks[i].result() if tasks[i] in done else late for i in range(len(frames))]


def draw(
    frame: Frame, wanted: PixelsInput, row: np.ndarray[Any, Any]
) -> Placement | FramewireError:
    """Draw ``frame`` into ``row`` [H,W,C]. Returns where it lies, or why it cannot."""
    try:
        height, width, channels = row.shape
        placement, inner = _place(frame, wanted, (width, height))
        picture = _resized(_open(frame, _MODES[channels], inner), inner)
    except BadFrame as error:
        return error
    except Exception as error:  # what decoders raise on broken data is anything
        return BadFrame(_reason(frame, error))
    _write(picture, placement, wanted.scale, row)
    return placement


def _cost(frame: Frame) -> int:
    """Small pictures go first, so that an enormous one delays nobody but its sender."""
    return frame.width * frame.height


def _target(frame: Frame, wanted: PixelsInput) -> Size:
    return wanted.width or frame.width, wanted.height or frame.height


def _place(frame: Frame, wanted: PixelsInput, size: Size) -> tuple[Placement, Size]:
    """Where in the model's input the frame goes, and its size there in pixels."""
    width, height = size
    if wanted.resize == "stretch":
        return WHOLE, size
    scale = min(width / frame.width, height / frame.height)
    inner = (
        min(width, max(1, round(frame.width * scale))),
        min(height, max(1, round(frame.height * scale))),
    )
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    placement = Placement(left / width, top / height, inner[0] / width, inner[1] / height)
    return placement, inner


def _open(frame: Frame, mode: str, inner: Size) -> Image.Image:
    if frame.format in RAW_CHANNELS:
        return _open_raw(frame).convert(mode)
    picture: Image.Image = Image.open(io.BytesIO(frame.data), formats=(frame.format,))
    if picture.size != (frame.width, frame.height):
        raise BadFrame(
            f"the {frame.format} is {picture.width}x{picture.height} pixels where its header "
            f"says {frame.width}x{frame.height}"
        )
    # JPEG alone can be decoded at a half, a quarter or an eighth for less.
    picture.draft(mode, inner)
    return picture.convert(mode)


def _open_raw(frame: Frame) -> Image.Image:
    mode = _RAW_MODES[frame.format]
    expected = frame.width * frame.height * RAW_CHANNELS[frame.format]
    if len(frame.data) != expected:
        raise BadFrame(
            f"{frame.format} of {frame.width}x{frame.height} pixels is {expected} bytes, "
            f"not {len(frame.data)}"
        )
    size = (frame.width, frame.height)
    return Image.frombuffer(mode, size, frame.data, "raw", mode, 0, 1)


def _resized(picture: Image.Image, inner: Size) -> Image.Image:
    if picture.size == inner:
        return picture
    return picture.resize(inner, Image.Resampling.BILINEAR, reducing_gap=2.0)


def _write(
    picture: Image.Image, placement: Placement, scale: Scale | None, row: np.ndarray[Any, Any]
) -> None:
    height, width, channels = row.shape
    pixels = np.asarray(picture).reshape(picture.height, picture.width, channels)
    left, top = round(placement.left * width), round(placement.top * height)
    if placement is not WHOLE:
        row[...] = 0
    row[top : top + picture.height, left : left + picture.width] = pixels
    if scale is not None:
        row -= np.asarray(scale.mean, np.float32)
        row /= np.asarray(scale.std, np.float32)


def _reason(frame: Frame, error: Exception) -> str:
    said = " ".join(str(error).split())[:_MAX_REASON_CHARS]
    return f"the {frame.format} cannot be decoded: {said or type(error).__name__}"
