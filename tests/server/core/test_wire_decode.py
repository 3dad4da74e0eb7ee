"""Client messages in both encodings, and a named error for each way to get one wrong."""

from __future__ import annotations

import json
import math
from typing import Any

import msgpack
import pytest

from server.core.errors import BadMessage, UnknownType
from server.core.messages import Configure, Frame, Hello, Options, Ping
from server.core.tracking.areas import Area
from server.core.tracking.options import TrackingOptions
from server.core.wire import JSON, Encoding, decode
from server.transport.encodings import MSGPACK
from tests.server.core.refusals import BOTH, assert_refused, refused
from tests.server.samples import LIMITS, frame_fields, packed, picture

# What is right


@BOTH
def test_hello_says_nothing_or_everything(encoding: Encoding) -> None:
    assert decode(packed(encoding, {"type": "hello"}), encoding, LIMITS) == Hello(Options())
    said = {
        "model": "digits",
        "label": "stable",
        "token": "t",
        "min_score": 0.5,
        "max_results": 3,
        "client": "mini 1.0",
        "orientation": "apply",
    }
    assert decode(packed(encoding, {"type": "hello", **said}), encoding, LIMITS) == Hello(
        Options("digits", "stable", None, "t", 0.5, 3, "mini 1.0", "apply")
    )


@BOTH
def test_configure_takes_the_same_options(encoding: Encoding) -> None:
    payload = packed(encoding, {"type": "configure", "version": 7, "min_score": 1})
    assert decode(payload, encoding, LIMITS) == Configure(Options(version=7, min_score=1))


@BOTH
@pytest.mark.parametrize(
    ("value", "options"),
    [
        (None, None),
        (False, False),
        (True, TrackingOptions()),
        ({}, TrackingOptions()),
        ({"start_score": 0.7, "lost_ms": 3000.0}, TrackingOptions(start_score=0.7, lost_ms=3000)),
        ({"keep_score": 0, "confirm_ms": 0}, TrackingOptions(keep_score=0, confirm_ms=0)),
    ],
)
def test_track_is_a_boolean_or_a_map_of_options(
    encoding: Encoding, value: Any, options: Any
) -> None:
    payload = packed(encoding, {"type": "configure", "track": value})
    assert decode(payload, encoding, LIMITS) == Configure(Options(track=options))


@BOTH
def test_zones_and_lines(encoding: Encoding) -> None:
    fields = {"zones": {"gate": [[0, 0], [1, 0], [0.5, 1]]}, "lines": {"door": [[0, 0.5], [1, 1]]}}
    message = decode(packed(encoding, {"type": "hello", **fields}), encoding, LIMITS)
    zones = (Area("gate", ((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))),)
    lines = (Area("door", ((0.0, 0.5), (1.0, 1.0))),)
    assert message == Hello(Options(zones=zones, lines=lines))


@BOTH
@pytest.mark.parametrize("t", [0, -5, 2**64 - 1, -(2**63), 1.5, "né", None])
def test_ping_keeps_its_t(encoding: Encoding, t: Any) -> None:
    assert decode(packed(encoding, {"type": "ping", "t": t}), encoding, LIMITS) == Ping(t)


@BOTH
@pytest.mark.parametrize("picture_format", ["jpeg", "png", "webp"])
def test_frame_of_an_encoded_picture_knows_its_size(
    encoding: Encoding, picture_format: str
) -> None:
    data = picture(picture_format, 64, 48)
    # What a client says of the size of an encoded picture does not count.
    fields = frame_fields(9, format=picture_format, data=data, width=1, height=1)
    found = decode(packed(encoding, fields), encoding, LIMITS)
    assert isinstance(found, Frame)
    assert found._replace(cost=0, worst_cost=0) == Frame(9, picture_format, data, 64, 48)


@BOTH
@pytest.mark.parametrize(("picture_format", "channels"), [("rgba", 4), ("rgb", 3), ("gray", 1)])
def test_frame_of_raw_pixels(encoding: Encoding, picture_format: str, channels: int) -> None:
    data = bytes(4 * 3 * channels)
    fields = frame_fields(0, format=picture_format, data=data, width=4, height=3)
    found = decode(packed(encoding, fields), encoding, LIMITS)
    assert found == Frame(0, picture_format, data, 4, 3, cost=12)


@BOTH
@pytest.mark.parametrize("clock", [0, 1.25, -1, 2**64 - 1, 1e300])
def test_captured_at_is_kept_untouched(encoding: Encoding, clock: float) -> None:
    found = decode(packed(encoding, frame_fields(1, captured_at=clock)), encoding, LIMITS)
    assert isinstance(found, Frame)
    assert (found.captured_at, type(found.captured_at)) == (clock, type(clock))


@BOTH
@pytest.mark.parametrize(("sent", "frame_id"), [(0, 0), (2**64 - 1, 2**64 - 1), (7.0, 7)])
def test_ids_are_unsigned_and_may_come_as_whole_floats(
    encoding: Encoding, sent: Any, frame_id: int
) -> None:
    found = decode(packed(encoding, frame_fields(sent)), encoding, LIMITS)
    assert isinstance(found, Frame)
    assert found.id == frame_id


@BOTH
def test_unknown_keys_are_ignored(encoding: Encoding) -> None:
    fields = {"type": "ping", "t": 1, "future": {"deep": [1, {"er": None}]}}
    assert decode(packed(encoding, fields), encoding, LIMITS) == Ping(1)


# What is wrong with the message


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "invalid msgpack: "),
        (b"\xc1", "invalid msgpack: "),
        (msgpack.packb({"type": "ping"})[:-1], "invalid msgpack: "),
        (msgpack.packb({"type": "ping"}) + b"\0" * 8, "bytes follow the message"),
        (b"\x91" * 5000, "nested too deeply"),
        (b"\x81\xa4type\xa1\xff", "invalid msgpack: "),  # not UTF-8
        (b"\x81\x01\x02", "invalid msgpack: "),  # a key that is no text
        (b"\x81\x80\x02", "invalid msgpack: "),
        (b"\xdd\xff\xff\xff\xff", "invalid msgpack: "),  # says four thousand million items
        (b"\x81\xa4type\xd7\xff" + b"\xff" * 8, "invalid msgpack: "),  # an impossible timestamp
        (b"\x80", "'type' must be a string"),
        (b"\x93\x01\x02\x03", "a message must be a map, not an array"),
        (b"\xc0", "a message must be a map, not null"),
        (b"\xc4\x01a", "a message must be a map, not bin"),
        (b"\xd4\x05a", "a message must be a map, not an extension type"),
        ('{"type":"ping"}', "framewire.v1.msgpack messages must be binary"),
    ],
)
def test_broken_msgpack(payload: bytes | str, words: str) -> None:
    found = refused(payload, MSGPACK)
    assert type(found.error) is BadMessage
    assert words in found.error.message
    assert found.frame_id is None


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ("", "invalid json: "),
        ("{", "invalid json: "),
        ('{"type":"ping"} {}', "invalid json: Extra data"),
        ("[" * 900, "invalid json: "),
        ("[" * 1020 + "]" * 1020, ""),  # too deep for some Pythons
        ('{"a":' * 900, "invalid json: "),
        ('{"type":"ping","t":' + "9" * 65 + "}", "a number of 65 digits"),
        ("[]", "a message must be a map, not an array"),
        ('"ping"', "a message must be a map, not a string"),
        ("NaN", "a message must be a map, not a number"),
        ("true", "a message must be a map, not a boolean"),
        (b'{"type":"ping"}', "framewire.v1.json messages must be text"),
    ],
)
def test_broken_json(payload: bytes | str, words: str) -> None:
    found = refused(payload, JSON)
    assert type(found.error) is BadMessage
    assert words in found.error.message


@BOTH
@pytest.mark.parametrize("kind", [None, 1, True, ["ping"], {}])
def test_type_that_is_no_text(encoding: Encoding, kind: Any) -> None:
    assert_refused({"type": kind}, encoding, BadMessage, "'type' must be a string")


@BOTH
def test_unknown_type_is_named_and_cut(encoding: Encoding) -> None:
    assert_refused({"type": "frames"}, encoding, UnknownType, "unknown type: 'frames'")
    assert len(refused(packed(encoding, {"type": "x" * 9999}), encoding).error.message) < 80


def test_lone_surrogates_do_no_harm() -> None:
    assert type(refused(r'{"type":"\ud800"}', JSON).error) is UnknownType
    assert type(refused(r'{"type":"hello","client":"\ud800"}', JSON).error) is BadMessage
    found = decode(r'{"type":"ping","t":"\ud800"}', JSON, LIMITS)
    assert found == Ping("\ud800")


@BOTH
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"model": ""}, "'model' must be a string of 1 to 256 printable characters"),
        ({"model": "a\nb"}, "'model' must be a string"),
        ({"model": "m" * 257}, "'model' must be a string"),
        ({"model": 5}, "'model' must be a string"),
        ({"label": ["stable"]}, "'label' must be a string"),
        ({"token": "t" * 8193}, "'token' must be a string of 1 to 8192"),
        ({"client": "\u200b"}, "'client' must be a string"),
        ({"orientation": "left"}, "'orientation' must be"),
        ({"orientation": ["apply"]}, "'orientation' must be"),
        ({"version": -1}, "'version' must be an integer from 0 to"),
        ({"version": 2**63}, "'version' must be an integer"),
        ({"version": "3"}, "'version' must be an integer"),
        ({"version": True}, "'version' must be an integer"),
        ({"label": "stable", "version": 3}, "exclude each other"),
        ({"zones": []}, "'zones' must be a map of at most 16 names and their points"),
        ({"zones": {str(i): [] for i in range(17)}}, "'zones' must be a map of at most 16"),
        ({"zones": {"": [[0, 0]] * 3}}, "names in 'zones' must be strings of 1 to 64 printable"),
        ({"zones": {"a": [[0, 0]] * 2}}, "'a' in 'zones' must be a list of 3 to 32 points"),
        ({"lines": {"a": [[0, 0]] * 3}}, "'a' in 'lines' must be a list of 2 points"),
        ({"zones": {"a": [[0, 0]] * 33}}, "'a' in 'zones' must be a list of 3 to 32 points"),
        ({"zones": {"a": [[0, 0], [1, 0], [0, 0]]}}, "'a' in 'zones' must have 3 different points"),
        ({"lines": {"a": [[0.5, 1], [0.5, 1]]}}, "'a' in 'lines' must have 2 different points"),
        ({"lines": {"a": [[0, 0], [0, 1.1]]}}, "of 'a' in 'lines' must be [x, y], each from 0 to"),
        ({"lines": {"a": [[0, 0], [True, 1]]}}, "of 'a' in 'lines' must be [x, y], each from 0 to"),
        ({"track": 1}, "'track' must be true, false or a map, not a number"),
        ({"track": {"start_score": 2}}, "'start_score' must be a number from 0 to 1"),
        ({"track": {"keep_score": -1}}, "'keep_score' must be a number from 0 to 1"),
        ({"track": {"confirm_ms": 1.5}}, "'confirm_ms' must be an integer from 0 to 10000"),
        ({"track": {"lost_ms": 60_001}}, "'lost_ms' must be an integer from 0 to 60000"),
        ({"min_score": 1.01}, "'min_score' must be a number from 0 to 1"),
        ({"min_score": -0.01}, "'min_score' must be a number from 0 to 1"),
        ({"min_score": "0.5"}, "'min_score' must be a number, not a string"),
        ({"min_score": False}, "'min_score' must be a number, not a boolean"),
        ({"max_results": -1}, "'max_results' must be an integer from 0 to"),
        ({"max_results": 1.5}, "'max_results' must be an integer"),
    ],
)
def test_wrong_options(encoding: Encoding, said: dict[str, Any], words: str) -> None:
    for kind in ("hello", "configure"):
        assert_refused({"type": kind, **said}, encoding, BadMessage, words)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", str(2**64)])
def test_numbers_that_nobody_could_be_sent_back(value: str) -> None:
    for message in ('{"type":"ping","t":%s}', '{"type":"hello","min_score":%s}'):
        assert "must be finite" in refused(message % value, JSON).error.message
    frame = json.dumps({"type": "frame", "id": 3, "format": "jpeg", "captured_at": 0})
    found = refused(frame.replace('"captured_at": 0', f'"captured_at": {value}'), JSON)
    assert "'captured_at' must be finite" in found.error.message
    assert found.frame_id == 3


def test_nan_in_msgpack() -> None:
    for value in (math.nan, math.inf):
        payload = MSGPACK.pack({"type": "ping", "t": value})
        assert "'t' must be finite" in refused(payload, MSGPACK).error.message


@BOTH
def test_text_to_echo_has_a_bound(encoding: Encoding) -> None:
    assert_refused({"type": "ping", "t": "x" * 257}, encoding, BadMessage, "'t' must have at most")
