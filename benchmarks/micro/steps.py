"""The steps of a frame's way that are measured, each as a function without arguments.

A step is prepared once, and does about a millisecond of work whenever it is called.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import msgpack

from loadtest import websocket
from server.backend import answers, request
from server.backend.contract import BytesInput, Contract, DetectionOutputs
from server.backend.stubs import predict_pb2, types_pb2
from server.core.answers import Detections
from server.core.batching import Batcher
from server.core.concurrency import ConcurrencyLimit
from server.core.messages import Frame, Limits, Result, Timing
from server.core.model import Lane, ModelKey
from server.core.ring import Member
from server.core.slots import Slots
from server.core.wire import decode, encode
from server.transport.encodings import MSGPACK
from server.transport.reader import MessageReader

Step = Callable[[], object]

BATCH = 16
BOXES = 50
FRAME_BYTES = 40_000
CHUNK_BYTES = 64 * 1024
CALL_S = 0.02
_DICE = random.Random(1)
_LANE = Lane(ModelKey("digits"), "serving_default")
_SESSIONS = tuple(map(str, range(64)))
_FRAME = Frame(1, "jpeg", b"", 640, 480)
_LIMITS = Limits(4, 2 << 20, 16_000_000, 500)


def _jpeg() -> bytes:
    """Return a JPEG's header for 640x480 pixels, and random bytes in place of its scan."""
    frame = struct.pack(">HBHHB", 17, 8, 480, 640, 3) + bytes(9)
    head = b"\xff\xd8\xff\xc0" + frame + b"\xff\xda" + struct.pack(">H", 8) + bytes(6)
    scan = _DICE.randbytes(FRAME_BYTES).replace(b"\xff", b"\xfe")
    return head + scan + b"\xff\xd9"


def receive() -> Step:
    """Bytes of a socket -> WebSocket messages: 64 frames of 40 KB."""
    payload = _DICE.randbytes(FRAME_BYTES)
    stream = (websocket.header(len(payload)) + payload) * 64
    chunks = [
        memoryview(stream)[at : at + CHUNK_BYTES] for at in range(0, len(stream), CHUNK_BYTES)
    ]

    def step() -> int:
        reader, messages = MessageReader(_LIMITS.max_frame_bytes), 0
        for chunk in chunks:
            reader.feed(chunk)
            while reader.take() is not None:
                messages += 1
            reader.keep()
        return messages

    return step


def wire_decode() -> Step:
    """A WebSocket message -> a checked frame, its picture's header included: 32 frames."""
    fields = {"type": "frame", "id": 1, "format": "jpeg", "data": _jpeg(), "captured_at": 1.5}
    payload = msgpack.packb(fields)
    return lambda: [decode(payload, MSGPACK, _LIMITS) for _ in range(32)]


def wire_encode() -> Step:
    """An outcome with ten boxes -> a WebSocket message: 64 results."""
    boxes = [[_DICE.random() for _ in range(4)] for _ in range(10)]
    found = Detections(boxes, [_DICE.random() for _ in boxes], list(range(10)))
    result = Result(1, 1, BATCH, Timing(1.25, 20.5, 23.75), found, 1.5)
    return lambda: [encode(result, MSGPACK) for _ in range(64)]


def batching() -> Step:
    """64 sessions, four times: offered frames -> batches of 16 -> free slots."""

    def step() -> None:
        batcher, now = _batcher(), 0.0
        for _ in range(4):
            for session in _SESSIONS:
                batcher.offer(Member(session, _FRAME, now), _LANE, now)
            while (batch := batcher.take(now).batch) is not None:
                now += CALL_S
                batcher.done(batch, now, "answered")

    return step


def superseding() -> Step:
    """Frames that replace those of their sessions: eight for each of 64 sessions."""

    def step() -> None:
        batcher = _batcher()
        for _ in range(8):
            for session in _SESSIONS:
                batcher.offer(Member(session, _FRAME, 0.0), _LANE, 0.0)

    return step


def _batcher() -> Batcher:
    slots = Slots(ConcurrencyLimit(1))
    return Batcher(max_batch=BATCH, slots=slots, window=4, max_staleness_s=0.5)


def requests() -> Step:
    """Frames of 40 KB -> serialized requests of 16: two batches."""
    pictures = [_jpeg() for _ in range(BATCH)]
    contract = Contract(1, BytesInput("image", None), _DETECTOR)
    return lambda: [request.of_pictures(_LANE, contract, pictures) for _ in range(2)]


def tensors() -> Step:
    """A response with 16 times 50 boxes -> an answer per frame: two batches."""
    response = predict_pb2.PredictResponse()
    for name, shape in (
        ("b", (BATCH, BOXES, 4)),
        ("s", (BATCH, BOXES)),
        ("c", (BATCH, BOXES)),
        ("n", (BATCH,)),
    ):
        tensor = response.outputs[name]
        tensor.dtype = types_pb2.DT_FLOAT
        count = 1
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
            count *= size
        values = [10.0] * count if name == "n" else [_DICE.random() for _ in range(count)]
        tensor.tensor_content = struct.pack(f"<{count}f", *values)
    return lambda: [answers.split(_DETECTOR, response.outputs, BATCH) for _ in range(2)]


_DETECTOR = DetectionOutputs("b", "s", "c", "n", 0)

STEPS: dict[str, Callable[[], Step]] = {
    "receive": receive,
    "wire decode": wire_decode,
    "wire encode": wire_encode,
    "batching": batching,
    "superseding": superseding,
    "requests": requests,
    "tensors": tensors,
}
