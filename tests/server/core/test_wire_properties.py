"""Whatever comes over the wire is a message or Refused; whatever goes out can be read."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from server.core.answers import (
    Answer,
    BoxMasks,
    Classification,
    DenseMap,
    Detections,
    Embedding,
    Poses,
    SecondAnswers,
    Segmentation,
    Tensor,
    Tensors,
    Tracks,
    Unanswered,
)
from server.core.messages import (
    FORMATS,
    Authorized,
    ClientMessage,
    Configure,
    Dropped,
    DropReason,
    Error,
    Frame,
    GoingAway,
    Hello,
    ModelChanged,
    Pace,
    Ping,
    Pong,
    Result,
    ServerMessage,
    Timing,
    Welcome,
)
from server.core.model import Lane, Model, ModelKey, Task, Then
from server.core.wire import JSON, Encoding, Refused, decode, encode
from server.transport.encodings import MSGPACK
from tests.server.samples import LIMITS, packed, picture

MESSAGES = (Hello, Configure, Frame, Ping)
U64 = st.integers(0, 2**64 - 1)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | TEXT
    | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
OPTIONS = (
    *("model", "label", "version", "token", "min_score", "max_results", "client"),
    *("track", "zones", "lines", "then"),
)
THEN = ("model", "label", "version", "max_boxes", "min_score", "max_results")
# Words that the protocol knows, so that more than the first check is met.
FIELDS = st.fixed_dictionaries(
    {"type": st.sampled_from(["hello", "configure", "frame", "ping"]) | PLAIN},
    optional={
        "id": U64 | PLAIN,
        "format": st.sampled_from(FORMATS) | PLAIN,
        "width": st.integers(0, 5) | PLAIN,
        "height": st.integers(0, 5) | PLAIN,
        "data": st.sampled_from([picture(), picture("png"), b"\0" * 12]) | PLAIN,
        "captured_at": PLAIN,
        "t": PLAIN,
        **dict.fromkeys(OPTIONS, TEXT | PLAIN),
        "then": TEXT | PLAIN | st.dictionaries(st.sampled_from(THEN), TEXT | PLAIN),
    },
)


def assert_message_or_refused(payload: bytes | str, encoding: Encoding) -> None:
    found: ClientMessage | Refused
    try:
        found = decode(payload, encoding, LIMITS)
    except Refused as refused:
        found = refused
    if isinstance(found, Refused):
        line = found.error.message
        assert line
        assert line.isprintable()
        line.encode()
        assert found.frame_id is None or 0 <= found.frame_id < 2**64
    else:
        assert isinstance(found, MESSAGES)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(payload: bytes) -> None:
    assert_message_or_refused(payload, MSGPACK)
    assert_message_or_refused(payload, JSON)


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_refused(payload: str) -> None:
    assert_message_or_refused(payload, JSON)
    assert_message_or_refused(payload, MSGPACK)


@given(PLAIN | FIELDS)
def test_any_value_in_msgpack(value: Any) -> None:
    assert_message_or_refused(MSGPACK.pack(value), MSGPACK)


@given(PLAIN | FIELDS)
def test_any_value_in_json(value: Any) -> None:
    text = json.dumps(value, default=lambda data: data.decode("latin-1"))
    assert_message_or_refused(text, JSON)


@given(FIELDS, st.integers(0, 400), st.integers(0, 255))
def test_one_wrong_byte(fields: dict[str, Any], at: int, byte: int) -> None:
    payload = bytearray(MSGPACK.pack(fields))
    payload[at % len(payload)] = byte
    assert_message_or_refused(bytes(payload), MSGPACK)


@given(U64, st.sampled_from(("jpeg", "png")), st.none() | NUMBERS)
def test_every_right_frame_is_taken(frame_id: int, picture_format: str, clock: Any) -> None:
    data = picture(picture_format)
    fields = {"type": "frame", "id": frame_id, "format": picture_format, "data": data}
    if clock is not None:
        fields["captured_at"] = clock
    for encoding in (MSGPACK, JSON):
        found = decode(packed(encoding, fields), encoding, LIMITS)
        assert isinstance(found, Frame)
        assert found._replace(cost=0, worst_cost=0) == Frame(
            frame_id, picture_format, data, 64, 48, clock
        )


# Server messages: what a client unpacks says what was meant.

FINITE = st.floats(-1e6, 1e6)
SMALL = st.integers(0, 999)
SCORES = st.lists(st.floats(0, 1), max_size=4)
ANSWERS: st.SearchStrategy[Answer] = st.one_of(
    SCORES.map(lambda s: Detections([[0.0, 0.1, 0.2, 0.3]] * len(s), s, [1] * len(s))),
    st.builds(
        lambda score, track_id, edges: Detections(
            [[0.0, 0.1, 0.2, 0.3]] * 2,
            [score, 0.0],
            [1, 2],
            Tracks([track_id, None], [edges, None]),
        ),
        st.floats(0, 1),
        st.integers(1, 2**53),
        st.lists(st.floats(-10, 10), min_size=4, max_size=4),
    ),
    st.builds(
        lambda width, height, runs: Detections(
            [[0.0, 0.1, 0.2, 0.3]] * len(runs),
            [0.5] * len(runs),
            [1] * len(runs),
            masks=BoxMasks(width, height, runs),
            corners=[[0.0, 0.1, 0.2, 0.3, -0.4, 0.5, 0.6, 1.7]] * len(runs),
        ),
        SMALL,
        SMALL,
        st.lists(st.lists(SMALL, max_size=4), max_size=3),
    ),
    SCORES.map(lambda s: Classification([1] * len(s), s)),
    st.builds(
        lambda scores, point: Poses([point * 2] * len(scores), scores),
        SCORES,
        st.lists(FINITE, min_size=3, max_size=3),
    ),
    st.lists(st.integers(-999, 999).map(float), max_size=4).map(Embedding),
    st.builds(DenseMap, SMALL, SMALL, FINITE, FINITE, st.binary(max_size=9)),
    st.builds(Segmentation, SMALL, SMALL, st.lists(SMALL, max_size=6)),
    st.binary(max_size=16).map(
        lambda data: Tensors({"t": Tensor("uint8", (len(data),), data)}),
    ),
)
SECOND = st.none() | st.builds(Unanswered, TEXT) | ANSWERS
WITH_SECOND = st.builds(
    lambda answers, version: Detections(
        [[0.0, 0.1, 0.2, 0.3]] * len(answers),
        [0.5] * len(answers),
        [1] * len(answers),
        then=SecondAnswers(version, answers, ("a", "b")),
    ),
    st.lists(SECOND, max_size=3),
    st.none() | st.integers(0, 2**63 - 1),
)
KEYS = st.builds(ModelKey, TEXT, st.none() | TEXT, st.none() | U64)
MODELS = st.builds(
    Model,
    KEYS,
    st.integers(0, 2**63 - 1),
    st.sampled_from(get_args(Task)),
    st.lists(TEXT, max_size=3).map(tuple),
    st.none() | st.integers(1, 4096),
    st.none() | st.integers(1, 4096),
    st.just({"jpeg": Lane(ModelKey("m"), "serving_default")}),
    skeleton=st.lists(st.tuples(SMALL, SMALL), max_size=3).map(tuple),
    palette=st.lists(st.just("#00ff7f"), max_size=2).map(tuple),
    multi_label=st.booleans(),
    masks=st.booleans(),
    unit=TEXT,
    then=st.none() | st.builds(Then, KEYS, st.none() | SMALL, st.floats(0, 1), SMALL),
)
SERVER_MESSAGES: st.SearchStrategy[ServerMessage] = st.one_of(
    st.builds(Welcome, TEXT, st.none() | MODELS, st.just(LIMITS), st.floats(0.1, 3600)),
    st.builds(ModelChanged, st.none() | MODELS),
    st.builds(
        Result,
        U64,
        st.integers(0, 2**63 - 1),
        st.integers(1, 64),
        st.builds(Timing, FINITE, FINITE, FINITE),
        ANSWERS | WITH_SECOND,
        st.none() | NUMBERS,
    ),
    st.builds(Dropped, U64, st.sampled_from(get_args(DropReason))),
    st.builds(Error, TEXT, TEXT, st.booleans(), st.none() | U64),
    st.builds(Authorized, st.integers(0, 2**53)),
    st.builds(Pace, st.none() | st.floats(0.1, 1000)),
    st.builds(GoingAway, st.integers(0, 600_000), TEXT),
    st.builds(Pong, st.none() | NUMBERS | TEXT),
)
NAMES = {
    Welcome: "welcome",
    ModelChanged: "model_changed",
    Result: "result",
    Dropped: "dropped",
    Error: "error",
    Authorized: "authorized",
    Pace: "pace",
    GoingAway: "going_away",
    Pong: "pong",
}


def short(value: Any) -> Any:
    """Numbers as they are written in text: with five digits."""
    if isinstance(value, list):
        return [short(each) for each in value]
    return None if value is None else round(value, 5)


@given(SERVER_MESSAGES)
def test_server_messages_can_be_read_and_say_the_same_in_both(message: ServerMessage) -> None:
    in_json = json.loads(encode(message, JSON))
    in_msgpack = msgpack.unpackb(encode(message, MSGPACK), strict_map_key=True)
    assert in_json["type"] == in_msgpack["type"] == NAMES[type(message)]
    assert in_json == as_text(in_msgpack)


def as_text(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an answer in msgpack as they are in JSON."""
    if "outputs" in fields:
        outputs = fields["outputs"]
        outputs["t"]["data"] = list(outputs["t"]["data"])
    if "map" in fields:
        fields["map"]["levels"] = list(fields["map"]["levels"])
    for name in {"boxes", "scores", "velocities", "keypoints"} & fields.keys():
        fields[name] = short(fields[name])
    for answer in fields.get("then", {}).get("answers", ()):
        as_text(answer or {})
    return fields


@given(SERVER_MESSAGES)
def test_ids_and_clocks_come_back_untouched(message: ServerMessage) -> None:
    for encoding, unpack in ((JSON, json.loads), (MSGPACK, msgpack.unpackb)):
        found = unpack(encode(message, encoding))
        if isinstance(message, Result | Dropped | Error):
            assert found.get("id") == message.id
        if isinstance(message, Result):
            assert found.get("captured_at") == message.captured_at
        if isinstance(message, Pong):
            assert found["t"] == message.t
