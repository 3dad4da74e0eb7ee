"""The client's side of HTTP/2, without a socket: what it writes, and what it makes of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend.http2 import frames
from server.backend.http2.frames import Frame, FrameReader, ProtocolError, frame, number
from server.backend.http2.headers import encode
from server.backend.http2.protocol import MOST_REPLIES, ClientProtocol, Stream

HEADERS = encode([(":method", "POST")])
OK = encode([(":status", "200")])
TRAILERS = encode([("grpc-status", "0"), ("server-timing", "total;dur=3")])
BOTH = frames.END_HEADERS | frames.END_STREAM


def settled(settings: dict[int, int] | None = None) -> ClientProtocol:
    """A connection whose peer has introduced itself."""
    protocol = ClientProtocol()
    assert protocol.begin(HEADERS, [b"too early"]) is None
    protocol.feed(memoryview(frames.settings(settings or {})))
    protocol.output.clear()
    return protocol


def written(protocol: ClientProtocol) -> list[Frame]:
    """What it has written since the last time."""
    sent = FrameReader().feed(memoryview(b"".join(protocol.output)))
    protocol.output.clear()
    return sent


def begin(protocol: ClientProtocol, *request: bytes) -> Stream:
    stream = protocol.begin(HEADERS, request)
    assert stream is not None
    return stream


def payload(sent: Iterable[Frame]) -> bytes:
    return b"".join(content for kind, _, _, content in sent if kind == frames.DATA)


def prefixed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def test_it_introduces_itself() -> None:
    preface, *rest = ClientProtocol().output
    assert preface == b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    settings, window = FrameReader().feed(memoryview(b"".join(rest)))
    assert frames.read_settings(settings[3])[frames.HEADER_TABLE_SIZE] == 0
    assert window[0] == frames.WINDOW_UPDATE


def test_a_call_is_headers_and_one_message() -> None:
    protocol = settled()
    stream = begin(protocol, b"abc", b"", b"defg")
    assert written(protocol) == [
        (frames.HEADERS, frames.END_HEADERS, 1, HEADERS),
        (frames.DATA, frames.END_STREAM, 1, prefixed(b"abcdefg")),
    ]
    assert stream.id == 1
    assert begin(protocol, b"").id == 3


@given(
    st.lists(st.binary(max_size=70_000), max_size=4),
    st.integers(0, 100_000),
    st.lists(st.integers(1, 100_000), min_size=1, max_size=5),
)
def test_a_request_arrives_whole_whatever_the_windows(
    pieces: list[bytes], window: int, increments: list[int]
) -> None:
    protocol = settled({frames.INITIAL_WINDOW: window})
    begin(protocol, *pieces)
    sent, size, step = written(protocol), sum(map(len, pieces)) + 5, 0
    assert len(payload(sent)) <= min(window, frames.FIRST_WINDOW)
    while not sent[-1][1] & frames.END_STREAM and step < 1000:
        for stream in (0, 1):
            more = increments[step % len(increments)]
            protocol.feed(memoryview(number(frames.WINDOW_UPDATE, stream, more)))
        sent += written(protocol)
        step += 1
    assert payload(sent) == prefixed(b"".join(pieces))
    assert len(payload(sent)) == size
    assert max(len(content) for _, _, _, content in sent) <= frames.LARGEST_FRAME


@given(st.binary(max_size=50), st.integers(1, 40))
def test_an_answer_may_arrive_in_any_parts(body: bytes, size: int) -> None:
    protocol = settled()
    stream = begin(protocol, b"?")
    answer = (
        frame(frames.HEADERS, frames.END_HEADERS, 1, OK)
        + frame(frames.DATA, 0, 1, body[:7])
        + frame(frames.DATA, frames.PADDED, 1, b"\3" + body[7:] + b"\0\0\0")
        + frame(frames.HEADERS, frames.END_STREAM, 1, TRAILERS[:9])
        + frame(frames.CONTINUATION, frames.END_HEADERS, 1, TRAILERS[9:])
    )
    ended = []
    for start in range(0, len(answer), size):
        ended += protocol.feed(memoryview(answer[start : start + size]))
    assert ended == [stream]
    assert b"".join(stream.body) == body
    assert stream.trailers == {"grpc-status": "0", "server-timing": "total;dur=3"}
    assert not protocol.streams


def test_an_answer_without_a_message_ends_a_request_that_is_under_way() -> None:
    protocol = settled({frames.INITIAL_WINDOW: 0})
    stream = begin(protocol, b"rejected")
    written(protocol)
    refusal = encode([(":status", "200"), ("grpc-status", "8")])
    assert protocol.feed(memoryview(frame(frames.HEADERS, BOTH, 1, refusal))) == [stream]
    assert stream.trailers is not None
    assert stream.trailers["grpc-status"] == "8"
    assert [kind for kind, *_ in written(protocol)] == [frames.RST_STREAM]
    protocol.feed(memoryview(number(frames.WINDOW_UPDATE, 1, 99)))
    assert written(protocol) == []


def test_provisional_headers_are_not_the_answers() -> None:
    protocol = settled()
    stream = begin(protocol, b"?")
    early = encode([(":status", "103")])
    for block in (early, OK):
        protocol.feed(memoryview(frame(frames.HEADERS, frames.END_HEADERS, 1, block)))
    assert stream.headers == {":status": "200"}


def test_a_cancelled_call_is_reset_and_its_answer_ignored() -> None:
    protocol = settled({frames.INITIAL_WINDOW: 2})
    protocol.cancel(begin(protocol, b"long"))
    assert written(protocol)[-1] == (frames.RST_STREAM, 0, 1, b"\0\0\0\x08")
    late = frame(frames.HEADERS, frames.END_HEADERS, 1, OK) + frame(frames.DATA, 0, 1, b"late")
    assert protocol.feed(memoryview(late)) == []


def test_a_larger_first_window_counts_for_calls_under_way() -> None:
    protocol = settled({frames.INITIAL_WINDOW: 2})
    begin(protocol, b"abc")
    assert len(payload(written(protocol))) == 2
    protocol.feed(memoryview(frames.settings({frames.INITIAL_WINDOW: 100})))
    assert payload(written(protocol)) == prefixed(b"abc")[2:]


def test_no_more_calls_than_the_peer_takes() -> None:
    protocol = settled({frames.MAX_STREAMS: 1})
    first = begin(protocol, b"")
    assert protocol.begin(HEADERS, [b""]) is None
    protocol.cancel(first)
    begin(protocol, b"")


def test_a_ping_is_answered() -> None:
    protocol = settled()
    protocol.feed(memoryview(frame(frames.PING, 0, 0, b"12345678")))
    assert written(protocol) == [(frames.PING, frames.ACK, 0, b"12345678")]
    protocol.feed(memoryview(frame(frames.PING, frames.ACK, 0, b"12345678")))
    assert written(protocol) == []


@pytest.mark.parametrize("asked", [frame(frames.PING, 0, 0, bytes(8)), frames.settings({})])
def test_a_peer_that_reads_no_replies_is_given_up(asked: bytes) -> None:
    protocol = settled()
    for _ in range(3):
        protocol.feed(memoryview(asked * (MOST_REPLIES // 2)))
        protocol.output.clear()
    protocol.feed(memoryview(asked * MOST_REPLIES))
    with pytest.raises(ProtocolError, match="replies"):
        protocol.feed(memoryview(asked))


def test_a_peer_that_leaves_says_which_calls_it_has_not_seen() -> None:
    protocol = settled()
    seen, unseen = begin(protocol, b""), begin(protocol, b"")
    last = (1).to_bytes(4, "big") + bytes(4)
    assert protocol.feed(memoryview(frame(frames.GOAWAY, 0, 0, last))) == [unseen]
    assert unseen.unprocessed
    assert not seen.unprocessed
    assert protocol.begin(HEADERS, [b""]) is None
    assert protocol.feed(memoryview(frame(frames.HEADERS, BOTH, 1, TRAILERS))) == [seen]


@pytest.mark.parametrize(("code", "unprocessed"), [(2, False), (7, True)])
def test_a_call_that_is_reset(code: int, unprocessed: bool) -> None:
    protocol = settled()
    stream = begin(protocol, b"")
    assert protocol.feed(memoryview(number(frames.RST_STREAM, 1, code))) == [stream]
    assert (stream.reset, stream.unprocessed) == (code, unprocessed)


def test_frames_of_unknown_types_and_calls_are_ignored() -> None:
    protocol = settled()
    for unknown in (
        frame(0x5C, 0xFF, 1, b"?"),
        number(frames.WINDOW_UPDATE, 99, 1),
        number(frames.RST_STREAM, 99, 1),
        frame(frames.HEADERS, BOTH, 99, OK),
        frame(frames.SETTINGS, frames.ACK, 0, b""),
    ):
        assert protocol.feed(memoryview(unknown)) == []
    assert written(protocol) == []


def test_a_connection_ends_with_its_last_number() -> None:
    protocol = settled()
    protocol._next_id = 2**31 - 1
    begin(protocol, b"")
    assert protocol.begin(HEADERS, [b""]) is None


def test_large_answers_are_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = settled()
    monkeypatch.setattr("server.backend.http2.protocol.LARGEST_WINDOW", 100)
    begin(protocol, b"")
    written(protocol)
    protocol.feed(memoryview(frame(frames.DATA, 0, 1, bytes(60))))
    assert written(protocol) == [(frames.WINDOW_UPDATE, 0, 0, (60).to_bytes(4, "big"))]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: frame(frames.PUSH_PROMISE, 0, 1, bytes(4)),
        lambda: frame(frames.CONTINUATION, 0, 1, b""),
        lambda: frame(frames.HEADERS, 0, 1, b"") + frame(frames.DATA, 0, 1, b""),
        lambda: frame(frames.HEADERS, 0, 1, b"") + frame(frames.CONTINUATION, 0, 3, b""),
        lambda: (
            frame(frames.HEADERS, 0, 1, b"") + 5 * frame(frames.CONTINUATION, 0, 1, bytes(16000))
        ),
        lambda: frame(frames.DATA, frames.PADDED, 1, b"\x09short"),
        lambda: frame(frames.SETTINGS, 0, 0, b"short"),
        lambda: frame(frames.RST_STREAM, 0, 1, b"long5"),
        lambda: frame(frames.WINDOW_UPDATE, 0, 1, b"sho"),
        lambda: frame(frames.PING, 0, 0, b"short"),
        lambda: frame(frames.GOAWAY, 0, 0, b"short"),
        lambda: frames.settings({frames.INITIAL_WINDOW: 2**31}),
        lambda: frames.settings({frames.MAX_FRAME: 1}),
        lambda: frames.settings({frames.MAX_FRAME: 2**24}),
        lambda: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_what_is_not_http2(wrong: Callable[[], bytes]) -> None:
    protocol = settled()
    begin(protocol, b"")
    with pytest.raises(ProtocolError):
        protocol.feed(memoryview(wrong()))


def test_an_answer_that_goes_on_after_its_message_is_ended() -> None:
    protocol = settled()
    whole, overlong = begin(protocol, b""), begin(protocol, b"")
    written(protocol)
    announced = b"\0" + (2**21).to_bytes(4, "big")
    for stream, prefix in ((whole, [announced]), (overlong, [b"\0\0", b"\0\0", b"\1"])):
        for part in prefix:
            protocol.feed(memoryview(frame(frames.DATA, 0, stream.id, part)))
    piece = memoryview(frame(frames.DATA, 0, 1, bytes(2**14)))
    for _ in range(2**7):
        assert protocol.feed(piece) == []
    ended = []
    endless = memoryview(frame(frames.DATA, 0, 3, bytes(2**14)))
    for _ in range(2**7):
        ended += protocol.feed(endless)
    assert ended == [overlong]
    assert overlong.body == []
    assert written(protocol) == [(frames.RST_STREAM, 0, 3, b"\0\0\0\x08")]
    assert protocol.feed(memoryview(frame(frames.HEADERS, BOTH, 1, TRAILERS))) == [whole]


def test_empty_frames_take_no_memory() -> None:
    protocol = settled()
    stream = begin(protocol, b"")
    protocol.feed(memoryview(frame(frames.DATA, 0, 1, b"") * 100))
    assert stream.body == []
