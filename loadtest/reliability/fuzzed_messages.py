"""Messages that are valid, nearly valid, or damaged, for a session that was welcomed."""

from __future__ import annotations

import base64
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgpack
from PIL import Image

from loadtest import websocket

SIZE = (96, 64)
_HUGE = 2**64 - 1
_SMALL: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 255, 256, 2**31, 2**32, 2**63, _HUGE, -(2**63)),
    *(0.0, -0.0, 0.5, 1e308, float("nan"), float("inf"), -1e-320),
    *("", "x", "digits", "é\u0000", "\u202e", "a" * 300, "../../etc/passwd", "x\ny"),
    *([], {}, [[]], {"type": "frame"}, [1] * 100),
    *({"a": [[0, 0], [1, 1]]}, {"a": [[0, 0], [1, 0], [1, 1]]}, {"a": [[0, "x"]]}),
    *({"start_score": 0.3, "lost_ms": 9}, {"confirm_ms": -1}, {"lost_ms": "soon"}),
)
_ODD = (*_SMALL, [1] * 1000)  # the last one is more than a MessagePack message may contain
_FIELDS = {
    "frame": ("format", "width", "height", "data", "captured_at", "type"),
    "hello": (
        *("model", "label", "version", "min_score", "max_results", "token", "orientation"),
        *("track", "zones", "lines"),
    ),
}
# Frames must be most of what is sent, because a third of all messages must be answered.
_WEIGHTS = {"frame": 55, "odd_frame": 14, "damaged": 12, "options": 8, "other": 10, "framing": 1}


@dataclass(frozen=True)
class Message:
    """Bytes for the socket. ``frame_id``: the outcome of this frame must arrive; None: anything
    may."""

    data: bytes
    frame_id: int | None = None


class Encoding:
    """How a session writes and reads messages: ``msgpack`` or ``json``."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._json = name == "json"

    def payload(self, fields: Any) -> bytes:
        """Return ``fields`` encoded; bytes become base64 in JSON."""
        if self._json:
            return json.dumps(fields, default=lambda data: base64.b64encode(data).decode()).encode()
        packed: bytes = msgpack.packb(fields)
        return packed

    def framed(self, payload: bytes) -> bytes:
        """Return ``payload`` as a WebSocket message."""
        opcode = websocket.TEXT if self._json else websocket.BINARY
        return websocket.header(len(payload), opcode) + payload

    def fields(self, payload: bytes) -> dict[str, Any]:
        """Return the gateway's message in ``payload``."""
        found: dict[str, Any] = json.loads(payload) if self._json else msgpack.unpackb(payload)
        return found


class Fuzzer:
    """Messages at random, the same ones for the same ``dice``."""

    def __init__(self, dice: random.Random, encoding: Encoding) -> None:
        self._dice = dice
        self._encoding = encoding
        self._frame_id = -1
        self._pictures = _pictures()
        self._makers: dict[str, Callable[[], Message]] = {
            "frame": self._frame,
            "odd_frame": self._odd_frame,
            "damaged": self._damaged,
            "options": self._options,
            "other": self._other,
            "framing": self._framing,
        }

    def next(self) -> Message:
        """Return the next message."""
        [kind] = self._dice.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        return self._makers[kind]()

    def _message(self, fields: Any, frame_id: int | None = None) -> Message:
        return Message(self._encoding.framed(self._encoding.payload(fields)), frame_id)

    def _frame_fields(self) -> dict[str, Any]:
        self._frame_id += 1
        form = self._dice.choice(list(self._pictures))
        fields: dict[str, Any] = {"type": "frame", "id": self._frame_id, "format": form}
        if form in ("rgba", "rgb", "gray"):
            fields |= {"width": SIZE[0], "height": SIZE[1]}
        return fields | {"data": self._pictures[form]}

    def _frame(self) -> Message:
        """A valid frame, perhaps with fields that are echoed or ignored."""
        fields = self._frame_fields()
        if self._dice.random() < 0.5:
            fields["captured_at"] = self._dice.choice((0, -1, 1.5, 2**53, _HUGE, -(2**63)))
        if self._dice.random() < 0.3:
            fields[f"extra{self._dice.randrange(9)}"] = self._nested(3)
        return self._message(fields, self._frame_id)

    def _odd_frame(self) -> Message:
        """A frame with one wrong field, or with a picture that is damaged or of another format."""
        fields = self._frame_fields()
        what = self._dice.randrange(4)
        if what == 0:
            fields[self._dice.choice(_FIELDS["frame"])] = self._dice.choice(_ODD)
        elif what == 1:
            fields.pop(self._dice.choice(_FIELDS["frame"]), None)
        elif what == 2:
            fields["format"] = self._dice.choice(list(self._pictures))
        else:
            fields["data"] = damaged(self._dice, fields["data"])
        return self._message(fields)

    def _damaged(self) -> Message:
        """A valid message with damaged bytes."""
        fields = self._dice.choice((self._frame_fields, lambda: {"type": "ping", "t": 1}))()
        return Message(
            self._encoding.framed(damaged(self._dice, self._encoding.payload(fields), least=1))
        )

    def _options(self) -> Message:
        """``configure``, sometimes with odd options."""
        fields: dict[str, Any] = {"type": "configure", "min_score": self._dice.random()}
        if self._dice.random() < 0.5:
            fields[self._dice.choice(_FIELDS["hello"])] = self._dice.choice(_ODD)
        return self._message(fields)

    def _other(self) -> Message:
        """Messages of any type, and values that are not messages."""
        odd = self._dice.choice(_ODD)
        choices: tuple[Any, ...] = (
            {"type": "ping", "t": odd},
            {"type": "hello", "model": "digits"},
            {"type": odd},
            {"type": self._dice.choice(("result", "welcome", "frames", "FRAME"))},
            odd,
            self._nested(40),
        )
        return self._message(self._dice.choice(choices))

    def _framing(self) -> Message:
        """Bytes that are not a WebSocket message."""
        head = bytes([self._dice.randrange(256), self._dice.randrange(256)])
        return Message(head + self._dice.randbytes(self._dice.randrange(40)))

    def _nested(self, depth: int) -> Any:
        value: Any = self._dice.choice(_SMALL)
        for _ in range(depth):
            value = [value] if self._dice.random() < 0.5 else {"k": value}
        return value


def damaged(dice: random.Random, data: bytes, least: int = 0) -> bytes:
    """Return ``data`` with bytes flipped, cut off, inserted or repeated; ``least`` bytes stay."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 3, 10))):
        at = dice.randrange(least, max(len(changed), least + 1))
        what = dice.randrange(4)
        if what == 0 and at < len(changed):
            changed[at] ^= 1 << dice.randrange(8)
        elif what == 1:
            del changed[at:]
        elif what == 2:
            changed[at:at] = dice.randbytes(dice.randrange(1, 9))
        else:
            changed[at:at] = changed[at : at + dice.randrange(64)]
    return bytes(changed)


def _pictures() -> dict[str, bytes]:
    """Return one small picture of each format."""
    noise = Image.effect_noise(SIZE, 40)
    pictures = {"gray": noise.tobytes()}
    for form, mode in (("rgb", "RGB"), ("rgba", "RGBA")):
        pictures[form] = noise.convert(mode).tobytes()
    for form in ("jpeg", "png", "webp"):
        buffer = io.BytesIO()
        noise.convert("RGB").save(buffer, form)
        pictures[form] = buffer.getvalue()
    return pictures
