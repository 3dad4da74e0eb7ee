"""The WebSocket reader: the same messages at any split of the bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.transport import reader
from server.transport.reader import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Message,
    MessageReader,
)
from server.transport.rfc6455 import CloseCode, FailConnection, check_close, invalid_utf8
from server.transport.textcheck import TextCheck
from tests.server.raw_peer import MASK, frame
from tests.server.transport.cases import CASES
from tests.server.transport.conversation import Case, chopped, fragments

STILL_HERE = frame(PING, b"still here")


def read(pieces: Iterable[bytes], max_bytes: int = 2**20) -> list[Message]:
    """Read all messages from a buffer that is overwritten after each piece."""
    subject = MessageReader(max_bytes)
    found = []
    for piece in pieces:
        buffer = bytearray(piece)
        subject.feed(memoryview(buffer))
        while (message := subject.take()) is not None:
            found.append((message[0], bytes(message[1])))
        subject.keep()
        buffer[:] = b"\xee" * len(buffer)
    return [message for message in found if message[0] != CONTINUATION]


def read_into_room(stream: bytes, size: int, shared: int = 100_000) -> list[Message]:
    """Read all messages in reads of ``size`` bytes, into the reader's room where it has one."""
    subject, buffer, found, at = MessageReader(2**24), memoryview(bytearray(shared)), [], 0
    while at < len(stream):
        target = subject.room or buffer
        piece = stream[at : at + min(size, len(target))]
        target[: len(piece)] = piece
        subject.feed(target[: len(piece)])
        at += len(piece)
        while (message := subject.take()) is not None:
            found.append((message[0], bytes(message[1])))
        subject.keep()
        buffer[:] = b"\xee" * shared
    return found


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(stream) + 1) for place in places})
    return [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]


payloads = st.binary(max_size=300) | st.integers(0, 70_000).map(lambda n: bytes(range(256)) * n)
small = st.binary(max_size=40)
messages = st.tuples(st.just(BINARY), st.lists(small, min_size=1, max_size=4)) | st.tuples(
    st.just(TEXT), st.lists(st.text(max_size=40).map(str.encode), min_size=1, max_size=4)
)


@given(st.lists(messages, max_size=8), st.lists(st.integers(0, 2000), max_size=30))
def test_messages_are_the_same_at_any_split(
    sent: list[tuple[int, list[bytes]]], places: list[int]
) -> None:
    stream = b"".join(fragments(opcode, *parts, between=STILL_HERE) for opcode, parts in sent)
    found = [message for message in read(cut(stream, places)) if message[0] != PING]
    assert found == [(opcode, b"".join(parts)) for opcode, parts in sent]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65_535, 65_536, 300_000])
def test_every_length_encoding(length: int) -> None:
    payload = bytes(i * 7 % 256 for i in range(length))
    stream = frame(BINARY, payload) + frame(TEXT, b"after")
    for size in (1 if length < 1000 else 1000, 65_536, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert read(pieces) == [(BINARY, payload), (TEXT, b"after")]


@pytest.mark.parametrize("size", [13, 14, 15, 1000, 16_384, 65_536, 100_000, 2**20])
def test_large_messages_that_are_read_into_their_room(size: int) -> None:
    pictures = [bytes(i * 7 % 256 for i in range(length)) for length in (70_000, 300_000)]
    sent = [(BINARY, pictures[1]), (TEXT, b"after"), (BINARY, pictures[0]), (PING, b"at last")]
    stream = b"".join(frame(opcode, payload) for opcode, payload in sent)
    assert read_into_room(stream, size) == sent


def test_a_large_message_is_not_copied_once_it_has_room() -> None:
    subject = MessageReader(2**20)
    whole = frame(BINARY, bytes(500_000))
    subject.feed(memoryview(bytearray(whole[:70_000])))
    assert subject.take() is None
    subject.keep()
    room = subject.room
    assert room is not None
    rest = whole[70_000:]
    room[: len(rest)] = rest
    subject.feed(room[: len(rest)])
    message = subject.take()
    assert message is not None
    payload = message[1]
    assert isinstance(payload, memoryview)
    assert payload.obj is room.obj
    assert subject.room is None


def test_pings_between_fragments_come_first() -> None:
    stream = fragments(TEXT, b"a", b"", b"b", between=STILL_HERE)
    assert read([stream]) == [(PING, b"still here"), (PING, b"still here"), (TEXT, b"ab")]


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (frame(0x3), "unknown opcode 3"),
        (frame(0xB), "unknown opcode 11"),
        (b"\xc2\x80", "reserved bits"),
        (b"\x82\x05hello", "unmasked"),
        (frame(PING, final=False), "fragmented or oversized control frame"),
        (frame(CLOSE, bytes(70_000)), "fragmented or oversized control frame"),
        (frame(CONTINUATION, b"of what?"), "out of order"),
        (frame(TEXT, b"a", final=False) + frame(TEXT, b"b"), "out of order"),
        (b"\x16\x03\x01\x02\x00\x01", "reserved bits"),  # a TLS handshake
        (b"GET / HTTP/1.1", "reserved bits"),
    ],
)
def test_protocol_errors_have_a_reason(stream: bytes, words: str) -> None:
    with pytest.raises(FailConnection, match=words) as raised:
        read([stream])
    assert raised.value.code == CloseCode.PROTOCOL_ERROR


@pytest.mark.parametrize(
    "stream",
    [
        frame(BINARY, bytes(1001))[:8],  # the header suffices
        b"\x82\xff" + b"\xff" * 8,
        fragments(BINARY, bytes(600), bytes(401))[:-1],
    ],
)
def test_messages_beyond_the_limit(stream: bytes) -> None:
    with pytest.raises(FailConnection) as raised:
        read([stream], max_bytes=1000)
    assert raised.value.code == CloseCode.MESSAGE_TOO_BIG


def test_messages_of_exactly_the_limit() -> None:
    for stream in (frame(BINARY, bytes(1000)), fragments(BINARY, bytes(600), bytes(400))):
        assert read([stream], max_bytes=1000)[-1] == (BINARY, bytes(1000))


def test_control_frames_within_a_message_of_the_limit_are_none_of_it() -> None:
    stream = fragments(BINARY, bytes(1000), b"", between=STILL_HERE)
    assert read([stream], max_bytes=1000) == [(PING, b"still here"), (BINARY, bytes(1000))]


def test_no_more_is_buffered_than_has_arrived() -> None:
    subject = MessageReader(2**30)
    subject.feed(memoryview(b"\x82\xff" + (2**29).to_bytes(8, "big") + MASK))
    assert subject.take() is None
    subject.keep()
    assert subject.room is not None
    assert len(subject.room) < 20_000


# The conformance cases without a socket


def replies(pieces: Iterable[bytes], max_bytes: int) -> list[Message]:
    """What an echo server sends back; of a close frame only the code."""
    found: list[Message] = []
    try:
        for opcode, payload in read_one_by_one(pieces, max_bytes):
            if opcode == CLOSE:
                check_close(payload)
                return [*found, (CLOSE, payload[:2])]
            if opcode == TEXT:
                _decodable(payload)
            if opcode in (TEXT, BINARY, PING):
                found.append((PONG if opcode == PING else opcode, payload))
    except FailConnection as failure:
        found.append((CLOSE, failure.code.to_bytes(2, "big")))
    return found


def read_one_by_one(pieces: Iterable[bytes], max_bytes: int) -> Iterator[Message]:
    subject = MessageReader(max_bytes)
    for piece in pieces:
        subject.feed(memoryview(piece))
        while (message := subject.take()) is not None:
            yield message[0], bytes(message[1])
        subject.keep()


def _decodable(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError:
        raise invalid_utf8() from None


def splits(stream: bytes) -> Iterator[list[bytes]]:
    """Whole, byte by byte, and in two at every place, or where it matters if it is long."""
    yield [stream]
    yield list(chopped(stream, 1 if len(stream) < 2000 else 4999))
    near = [*range(1, 30), *range(len(stream) - 30, len(stream))]
    for place in range(1, len(stream)) if len(stream) < 500 else near:
        yield [stream[:place], stream[place:]]


@pytest.mark.parametrize(
    "case", [case for case in CASES if len(b"".join(case.sent)) < 2**18], ids=lambda case: case.name
)
def test_case_at_every_split(case: Case) -> None:
    for pieces in splits(b"".join(case.sent)):
        assert replies(pieces, 4 * 2**20) == list(case.replies), [len(piece) for piece in pieces]


def test_no_byte_of_a_text_is_checked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends a long text byte by byte costs no more than others."""
    checked = bytearray()

    class Recording(TextCheck):
        def _decode(self, data: bytes) -> None:
            checked.extend(data)
            super()._decode(data)

    monkeypatch.setattr(reader, "TextCheck", Recording)
    text = "κόσμε ".encode() * 1000
    for sent in (frame(TEXT, text), fragments(TEXT, *chopped(text, 777))):
        checked.clear()
        assert read(chopped(sent, 10)) == [(TEXT, text)]
        assert text.startswith(checked)
        assert len(checked) >= len(text) - 777


def test_a_message_that_came_in_pieces_knows_when_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((1.0, 2.0, 3.0))
    monkeypatch.setattr(reader.time, "monotonic", lambda: next(clock))
    subject = MessageReader(2**20)
    message = frame(BINARY, bytes(100))

    def feed(piece: bytes) -> float | None:
        """Read a piece; when its last message began."""
        subject.feed(memoryview(bytearray(piece)))
        while subject.take() is not None:
            pass
        subject.keep()
        return subject.began

    assert feed(message) is None
    assert feed(message + message[:1]) is None
    feed(message[1:50])
    assert feed(message[50:]) == 1.0
    feed(message[:50])
    assert feed(message[50:] + message) is None
    feed(message[:50])
    assert feed(message[50:]) == 3.0
