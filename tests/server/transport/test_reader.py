"""WebSocket messages are the same however their bytes were cut."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport.reader import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    BadFraming,
    Message,
    MessageReader,
)
from tests.server.raw_peer import MASK, frame


def in_parts(opcode: int, parts: list[bytes]) -> bytes:
    """One message in several frames, with a ping between every two of them."""
    frames = [
        frame(CONTINUATION if number else opcode, part, final=number == len(parts) - 1)
        for number, part in enumerate(parts)
    ]
    return frame(PING, b"still here").join(frames)


def read(pieces: Iterable[bytes], max_bytes: int = 2**20) -> list[Message]:
    """All messages, read from a buffer that is written over after each piece."""
    reader = MessageReader(max_bytes)
    found = []
    for piece in pieces:
        buffer = bytearray(piece)
        reader.feed(memoryview(buffer))
        while (message := reader.take()) is not None:
            found.append(message)
        reader.keep()
        buffer[:] = b"\xee" * len(buffer)
    return [message for message in found if message[0] != CONTINUATION]


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]


payloads = st.binary(max_size=300) | st.integers(0, 70_000).map(lambda n: bytes(range(256)) * n)
small = st.binary(max_size=40)
messages = st.tuples(st.sampled_from([TEXT, BINARY]), st.lists(small, min_size=1, max_size=4))


@given(st.lists(messages, max_size=8), st.lists(st.integers(0, 2000), max_size=30))
def test_wherever_the_bytes_are_cut(sent: list[tuple[int, list[bytes]]], places: list[int]) -> None:
    stream = b"".join(in_parts(opcode, parts) for opcode, parts in sent)
    found = [message for message in read(cut(stream, places)) if message[0] != PING]
    assert found == [(opcode, b"".join(parts)) for opcode, parts in sent]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_every_kind_of_length(length: int) -> None:
    payload = bytes(i * 7 % 256 for i in range(length))
    stream = frame(BINARY, payload) + frame(TEXT, b"after")
    for size in (1 if length < 1000 else 1000, 65_536, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert read(pieces) == [(BINARY, payload), (TEXT, b"after")]


def test_pings_between_the_parts_of_a_message_come_first() -> None:
    stream = in_parts(TEXT, [b"a", b"", b"b"])
    assert read([stream]) == [(PING, b"still here"), (PING, b"still here"), (TEXT, b"ab")]


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (frame(0x3), "extension"),
        (frame(0xB), "extension"),
        (b"\xc2\x80", "extension"),  # compressed, which was not agreed on
        (b"\x82\x05hello", "without a mask"),
        (b"\x88\x00", "without a mask"),
        (frame(PING, final=False), "control frame"),
        (frame(PING, bytes(126)), "control frame"),
        (frame(CLOSE, bytes(70_000)), "control frame"),
        (frame(CONTINUATION, b"of what?"), "out of order"),
        (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), "out of order"),
        (b"\x16\x03\x01\x02\x00\x01", "extension"),  # TLS on a socket without
        (b"GET / HTTP/1.1", "extension"),
    ],
)
def test_what_is_no_websocket(stream: bytes, words: str) -> None:
    for pieces in ([stream], [stream[i : i + 1] for i in range(len(stream))]):
        with pytest.raises(BadFraming, match=words) as raised:
            read(pieces)
        assert raised.value.code == 1002


@pytest.mark.parametrize(
    "stream",
    [
        frame(BINARY, bytes(1001))[:8],  # its header is enough
        b"\x82\xff" + b"\xff" * 8,
        in_parts(BINARY, [bytes(600), bytes(401)])[:-1],
    ],
)
def test_a_message_that_is_too_big(stream: bytes) -> None:
    with pytest.raises(BadFraming) as raised:
        read([stream], max_bytes=1000)
    assert raised.value.code == 1009


def test_a_message_of_just_the_size() -> None:
    for stream in (frame(BINARY, bytes(1000)), in_parts(BINARY, [bytes(600), bytes(400)])):
        assert read([stream], max_bytes=1000)[-1] == (BINARY, bytes(1000))


def test_no_more_is_kept_than_has_come() -> None:
    reader = MessageReader(2**30)
    reader.feed(memoryview(b"\x82\xff" + (2**29).to_bytes(8, "big") + MASK))
    assert reader.take() is None
    reader.keep()
    assert len(reader._kept) == 14
