"""asyncapi.json and the gateway agree: messages, fields, bounds, codes and close codes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from server.core import errors, flood
from server.core.answers import (
    Answer,
    BoxMasks,
    Classification,
    Count,
    DenseMap,
    Detections,
    Embedding,
    Event,
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
    Dropped,
    DropReason,
    Error,
    Frame,
    GoingAway,
    ModelChanged,
    Options,
    Orientation,
    Pace,
    Ping,
    Pong,
    Result,
    ServerMessage,
    Timing,
    Welcome,
)
from server.core.model import MAX_CROPS, MAX_SECOND_RESULTS, ModelKey, Resize, Task, Then
from server.core.tracking.options import TrackingOptions
from server.core.wire import JSON, PROTOCOL, Encoding, Refused, decode, to_map
from server.core.wire.encode import FEATURES
from server.transport.encodings import BY_SUBPROTOCOL, MSGPACK
from tests.server.handlers.conftest import Served
from tests.server.handlers.documents import (
    ASYNCAPI,
    DEFS,
    constants,
    definition,
    invalid,
    properties,
    resolved,
    undocumented,
    unseen,
)
from tests.server.handlers.socket_client import PATIENCE_S, SocketClient
from tests.server.puppet import STABLE, Call, answer_to, model
from tests.server.samples import LIMITS, frame_fields, packed

ROOT = Path(__file__).resolve().parents[3]
PROTOCOL_PAGE = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in (ROOT / "server").rglob("*.py")]
CHANNEL = ASYNCAPI["channels"]["session"]
BOTH = pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])

WHICH = ("model", "label", "version")
FROM_THE_PICTURE = {"orientation", "cost", "worst_cost"}
"""What a frame has in the gateway, but not on the wire."""
EVENTS = (Event("enter", 1, 0, "hall", 12.5), Event("cross", 1, 0, "door", 13.0, "left"))
BOX_MASKS = BoxMasks(2, 2, [[1, 2, 1], []])
TRACKS = Tracks([1, None], [[0.1, 0.0, 0.1, 0.0], None], True, EVENTS, (Count("hall", 0, 2),))
ONE_OF_EACH: tuple[Answer, ...] = (
    Detections(
        [[0.0, 0.25, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0]],
        [0.9, 0.2],
        [1, 0],
        TRACKS,
        masks=BOX_MASKS,
        corners=[[0.0, 0.5, 0.25, 0.25, 0.5, 0.75, 0.25, 1.0], [0, 0, 1, 0, 1, 1.25, 0, 1.25]],
    ),
    Classification([1, 0], [0.75, 0.25]),
    Poses([[0.5, 0.25, 0.9, 0.5, 1.25, 0.1]], [0.8]),
    Segmentation(2, 2, [0, 3, 1, 1]),
    Embedding([0.5, -1.25]),
    DenseMap(2, 1, 0.5, 4.0, bytes((0, 255))),
    Tensors({"depth": Tensor("float32", (2,), bytes(8)), "text": Tensor("string", (1,), ["a"])}),
)
KINDS = {type(answer).__name__: answer for answer in ONE_OF_EACH[1:]}
PLAIN_BOX = Detections([[0.1, 0.1, 0.2, 0.2]], [0.5], [0])
MASKED_BOX = PLAIN_BOX._replace(masks=BoxMasks(1, 1, [[0, 1]]), corners=[[0.5] * 8])
MISSING = (Unanswered("expired"), Unanswered("unknown_model"))
SECOND = (PLAIN_BOX, MASKED_BOX, *ONE_OF_EACH[1:], *MISSING, None)
ANSWERS: tuple[Answer, ...] = (
    *ONE_OF_EACH,
    PLAIN_BOX._replace(then=SecondAnswers(4, SECOND, ("ann", "bob"))),
    PLAIN_BOX._replace(then=SecondAnswers(None, [None])),
)
MODELS = (
    model(STABLE),
    None,
    # With the fields that only models of some tasks have.
    replace(model(STABLE), task="keypoints", skeleton=((0, 1),)),
    replace(model(STABLE), task="segmentation", palette=("#000000", "#ff8800")),
    replace(model(STABLE), task="map", unit="m"),
    replace(model(STABLE), task="classification", multi_label=True),
    replace(model(STABLE), then=Then(ModelKey("faces", "stable"), 3)),
    replace(model(STABLE), then=Then(ModelKey("faces", None, 7))),
    replace(model(STABLE), masks=True),
)

MESSAGES: tuple[ServerMessage, ...] = (
    *(Welcome("s1", one, LIMITS, 20.0, 60) for one in MODELS),
    Welcome("s1", None, LIMITS, 20.0),
    *(Result(7, 3, 2, Timing(0.1, 5.0, 5.2), answer, 17.5) for answer in ANSWERS),
    *(Dropped(7, reason) for reason in get_args(DropReason)),
    Error("bad_frame", "truncated jpeg", False, 7),
    *(ModelChanged(one) for one in MODELS),
    Authorized(60),
    Pace(12.5),
    Pace(None),
    GoingAway(1000, "shutting down"),
    *(Pong(t) for t in (1, 1.5, "text", None)),
)
"""Each message with each of its fields. A new kind of answer belongs here and in schemas.json."""


def type_of(message: type) -> str:
    """The ``type`` of a message on the wire."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", message.__name__).lower()


def messages_of(action: str) -> set[str]:
    [operation] = [one for one in ASYNCAPI["operations"].values() if one["action"] == action]
    return {message["$ref"].rpartition("/")[2] for message in operation["messages"]}


# Messages


def test_the_messages_are_those_of_the_code() -> None:
    received = {type_of(message) for message in get_args(ClientMessage)}
    sent = {type_of(message) for message in get_args(ServerMessage)}
    assert messages_of("receive") == received
    assert messages_of("send") == sent
    assert set(CHANNEL["messages"]) == received | sent
    for message in (*get_args(ClientMessage), *get_args(ServerMessage)):
        documented = ASYNCAPI["components"]["messages"][type_of(message)]
        assert documented["payload"] == definition(message.__name__)
        assert DEFS[message.__name__]["properties"]["type"] == {"const": type_of(message)}


def test_every_message_and_every_answer_has_a_sample() -> None:
    assert {type(message) for message in MESSAGES} == set(get_args(ServerMessage))
    assert {type(answer) for answer in ANSWERS} == set(get_args(Answer))
    assert DEFS["Answer"]["anyOf"] == [
        {"$ref": f"#/$defs/{answer.__name__}"} for answer in get_args(Answer)
    ]


@BOTH
@pytest.mark.parametrize("kind", get_args(ServerMessage))
def test_what_is_sent_is_what_is_documented(kind: type, encoding: Encoding) -> None:
    """No field of a message is missing in the document, and no documented field is never sent."""
    maps = [to_map(message, encoding.text) for message in MESSAGES if type(message) is kind]
    schema = definition(kind.__name__)
    for sent in maps:
        assert invalid(encoding.unpack(encoding.pack(sent)), schema, encoding.text) == []
    assert list(undocumented(schema, maps)) == []
    assert unseen(schema, maps) == set()


def test_the_options_are_those_of_the_code() -> None:
    names = {field.name for field in fields(Options)}
    assert set(properties(definition("Options"))) == names
    for message in ("Hello", "Configure"):
        assert set(properties(definition(message))) == {"type", *names}


def test_the_fields_of_other_messages_are_those_of_the_code() -> None:
    frame = {*Frame._fields} - {*FROM_THE_PICTURE, "trace"}
    ping = {field.name for field in fields(Ping)}
    for name, names in (("Frame", frame), ("Ping", ping)):
        assert set(properties(definition(name))) == {"type", *names}


def test_a_second_model_has_the_codes_defaults_and_bounds() -> None:
    documented = DEFS["Then"]["properties"]
    assert {*documented, "key"} == {field.name for field in fields(Then)} | {*WHICH}
    defaults = {field.name: field.default for field in fields(Then)}
    for name in ("min_score", "max_results"):
        assert documented[name]["default"] == defaults[name]
    assert documented["max_boxes"]["maximum"] == MAX_CROPS
    assert documented["max_results"]["maximum"] == MAX_SECOND_RESULTS


def test_tracking_has_the_codes_defaults() -> None:
    documented = DEFS["TrackingOptions"]["properties"]
    assert {name: entry["default"] for name, entry in documented.items()} == {
        field.name: field.default for field in fields(TrackingOptions)
    }


# What the gateway accepts

FRAME = {"type": "frame", "id": 1, "format": "gray", "width": 2, "height": 2, "data": "AECA/w=="}
BASES = {
    "Hello": {"type": "hello"},
    "Configure": {"type": "configure"},
    "Frame": FRAME,
    "Ping": {"type": "ping"},
}
TRIANGLE = [[0, 0], [1, 0], [1, 1]]
AREAS: list[dict[str, Any]] = [
    {"zones": {"a": TRIANGLE}},
    {"zones": {"a": TRIANGLE[:2]}},
    {"zones": {"a": [*TRIANGLE, *[[0.5, 0.5]] * 29]}},
    {"zones": {"a": [*TRIANGLE, *[[0.5, 0.5]] * 30]}},
    {"zones": {"": TRIANGLE}},
    {"zones": {"a" * 64: TRIANGLE}},
    {"zones": {"a" * 65: TRIANGLE}},
    {"zones": {str(i): TRIANGLE for i in range(16)}},
    {"zones": {str(i): TRIANGLE for i in range(17)}},
    {"zones": {"a": [[0, 0], [1, 0], [1, 1.1]]}},
    {"zones": {"a": [[0, 0], [1, 0], [1, 1, 1]]}},
    {"lines": {"a": TRIANGLE[:2]}},
    {"lines": {"a": TRIANGLE}},
    {"lines": {"a": [[0, 0], [1, -0.1]]}},
    {"track": {"lost_ms": 60_000, "unknown": 1}},
    {"track": {"confirm_ms": 10_001}},
    {"label": "a", "version": 1},
    {"then": {"model": "a", "label": "b", "version": 1}},
    {"then": {"max_boxes": 1}},
    {"then": {"model": "a", "unknown": 1}},
    {"then": ""},
    {"then": "a" * 257},
]


def edges(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield values on both sides of each of a schema's bounds, and values of other types."""
    schema = resolved(schema)
    step = 1 if schema.get("type") == "integer" else 0.001
    for bound, outwards in (("minimum", -step), ("maximum", step)):
        if bound in schema:
            yield from (schema[bound], schema[bound] + outwards)
    for bound, outwards in (("minLength", -1), ("maxLength", 1)):
        if bound in schema:
            yield from ("x" * schema[bound], "x" * (schema[bound] + outwards))
    yield from schema.get("enum", ())
    yield from ("text", 7, 0.5, True, [], {})


def attempts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield client's messages, right ones and wrong ones, by the name of their schema."""
    for name, base in BASES.items():
        for field, schema in properties(definition(name)).items():
            if field not in ("type", "data"):
                yield from ((name, {**base, field: value}) for value in edges(schema))
    yield from (("Hello", {"type": "hello", **options}) for options in AREAS)
    for field, schema in properties(definition("TrackingOptions")).items():
        for value in edges(schema):
            yield "Hello", {"type": "hello", "track": {field: value}}
    for field, schema in properties(definition("Then")).items():
        for value in edges(schema):
            yield "Configure", {"type": "configure", "then": {"model": "a", field: value}}
    for missing in FRAME.keys() - {"type"}:
        yield "Frame", {field: value for field, value in FRAME.items() if field != missing}


def accepts(message: dict[str, Any]) -> bool:
    """Whether the gateway takes a message's fields, if not its picture."""
    try:
        decode(packed(JSON, message), JSON, LIMITS)
    except Refused as refused:
        is_about_a_field = re.search("'(data|width)'", str(refused))
        return refused.error.code == "bad_frame" and not is_about_a_field
    return True


def test_the_gateway_accepts_what_is_documented_and_nothing_else() -> None:
    wrong = [
        message
        for name, message in attempts()
        if accepts(message) is bool(invalid(message, definition(name)))
    ]
    assert wrong == []


# Names and codes


def tree(error: type[errors.FramewireError]) -> set[type[errors.FramewireError]]:
    return {error}.union(*(tree(subclass) for subclass in error.__subclasses__()))


def test_error_codes_are_those_of_the_code() -> None:
    known = {error for error in tree(errors.FramewireError) if "code" in vars(error)}
    known -= {errors.FramewireError}
    codes = {error.code: (error.retryable, error.http_status) for error in known}
    codes["not_found"] = (False, 404)  # of server.handlers.notfound, which raises no error
    documented = {**constants("ErrorCode"), **constants("RequestErrorCode")}
    assert codes == {
        code: (entry["x-retryable"], entry["x-http-status"]) for code, entry in documented.items()
    }


def test_names_are_those_of_the_code() -> None:
    assert tuple(constants("DropReason")) == get_args(DropReason)
    assert tuple(constants("Task")) == get_args(Task)
    assert tuple(DEFS["Format"]["enum"]) == FORMATS
    assert tuple(DEFS["Options"]["properties"]["orientation"]["enum"]) == get_args(Orientation)
    assert tuple(DEFS["Model"]["properties"]["resize"]["enum"]) == get_args(Resize)
    welcome = DEFS["Welcome"]["properties"]
    assert tuple(welcome["features"]["items"]["enum"]) == FEATURES
    assert welcome["protocol"] == {"const": PROTOCOL}


def test_subprotocols_are_those_of_the_code() -> None:
    names = [entry["name"] for entry in CHANNEL["x-subprotocols"]]
    assert names == list(BY_SUBPROTOCOL)
    headers = CHANNEL["bindings"]["ws"]["headers"]["properties"]
    assert headers["Sec-WebSocket-Protocol"]["enum"] == names


def rows(heading: str) -> dict[str, str]:
    """The first table below a heading of docs/protocol.md: its first column, and the rest."""
    section = re.split(r"^#+ ", PROTOCOL_PAGE.partition(heading)[2], maxsplit=1, flags=re.M)[0]
    return dict(re.findall(r"^\| `?(\w+)`? \| (.*) \|$", section, re.M))


def test_the_page_about_the_protocol_lists_the_same_names() -> None:
    def listed(heading: str) -> set[str]:
        return set(rows(heading)) - {"reason", "code"}

    assert listed("### `dropped`\n") == set(constants("DropReason"))
    assert listed("### `error`\n") == set(constants("ErrorCode"))
    closes = {str(entry["code"]) for entry in CHANNEL["x-close-codes"]}
    assert listed("## Close codes\n") == closes


def test_reasons_for_closing_are_those_of_the_code() -> None:
    [violation] = [entry for entry in CHANNEL["x-close-codes"] if entry["code"] == 1008]
    literal = {
        reason
        for source in SOURCES
        for reason in re.findall(r'POLICY_VIOLATION, "([^"]+)"', source)
    }
    guard = flood.FloodGuard()
    bounds = {guard.decoded(kind, 0.0) for kind in flood.LIMITS for _ in range(100)}
    bounds |= {guard.received(0.0) for _ in range(100)}
    assert set(violation["reasons"]) == literal | bounds - {None}
    for reason in violation["reasons"]:
        assert f"`{reason}`" in PROTOCOL_PAGE


def test_the_examples_are_valid() -> None:
    for name, message in ASYNCAPI["components"]["messages"].items():
        assert message["examples"], name
        for example in message["examples"]:
            payload = example["payload"]
            assert payload["type"] == name
            assert invalid(payload, message["payload"]) == []
            assert list(undocumented(message["payload"], [payload])) == []


# A session


def payload_of(message: dict[str, Any]) -> dict[str, Any]:
    """The schema of a message."""
    payload: dict[str, Any] = ASYNCAPI["components"]["messages"][message["type"]]["payload"]
    return payload


class Recorder:
    """A client that compares each message of its session with the document."""

    def __init__(self, client: SocketClient) -> None:
        self._client = client
        self.types: set[str] = set()

    async def ask(self, message: dict[str, Any], *answers: str) -> None:
        """Send a message and read the answers, which are of these types."""
        encoding = self._client.encoding
        sent = encoding.unpack(packed(encoding, message))
        assert invalid(sent, payload_of(message), encoding.text) == []
        self._client.send(message)
        for answer in answers:
            await self.read(answer)

    async def read(self, expected: str) -> None:
        """Read the next message, and compare it with the document."""
        message = await self._client.read()
        assert message["type"] == expected, message
        assert invalid(message, payload_of(message), self._client.encoding.text) == []
        assert list(undocumented(payload_of(message), [message])) == []
        self.types.add(message["type"])


def answers(call: Call) -> None:
    """Answer with the kind that the model is named after, or with boxes."""
    answer = KINDS.get(call.lane.model.name)
    call.answer_with([answer or answer_to(frame) for frame in call.frames])


@BOTH
async def test_a_session_is_as_documented(served: Served, encoding: Encoding) -> None:
    """Every type of message but ``authorized`` and ``pace``, from a gateway with a socket."""
    served.puppet.obey = answers
    for name in KINDS:
        served.puppet.models[ModelKey(name)] = model(ModelKey(name))
    said = Recorder(await SocketClient.connect(served, encoding))
    areas = {"zones": {"hall": TRIANGLE}, "lines": {"door": TRIANGLE[:2]}}
    await said.ask({"type": "hello", "track": {"confirm_ms": 0}, **areas}, "welcome")
    for frame_id in range(1, 4):
        await said.ask(frame_fields(frame_id, captured_at=100.0 * frame_id), "result")
    await said.ask(frame_fields(4, data=b"no picture"), "error")
    await said.ask(frame_fields(2), "error")
    await said.ask({"type": "ping", "t": "now"}, "pong")
    await said.ask({"type": "ping"}, "pong")
    for number, name in enumerate(KINDS, 5):
        await said.ask({"type": "configure", "model": name, "max_results": 1}, "model_changed")
        await said.ask(frame_fields(number), "result")
    await said.ask({"type": "configure", "model": "digits", "then": "Poses"}, "model_changed")
    await said.ask(frame_fields(50), "result")
    alone = {"model": "none", "then": False}
    await said.ask({"type": "configure", **alone}, "model_changed", "error")
    await said.ask({"type": "configure", "model": "digits"}, "model_changed")
    served.puppet.obey = None
    await said.ask(frame_fields(100))
    call = await served.puppet.next_call()
    draining = asyncio.ensure_future(served.gateway.drain(PATIENCE_S))
    await said.read("going_away")
    await said.ask(frame_fields(101), "dropped")
    call.answer()
    await said.read("result")
    await draining
    assert said.types == messages_of("send") - {"authorized", "pace"}
