"""Server messages as a client reads them, in both encodings."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import replace
from typing import Any

import msgpack
import pytest

from server.core.answers import (
    BoxMasks,
    Classification,
    Count,
    DenseMap,
    Detections,
    Embedding,
    Event,
    Poses,
    Segmentation,
    Tensor,
    Tensors,
    Tracks,
)
from server.core.messages import (
    Dropped,
    Error,
    GoingAway,
    ModelChanged,
    Pace,
    Pong,
    Result,
    ServerMessage,
    Timing,
    Welcome,
)
from server.core.model import Lane, Model, ModelKey
from server.core.wire import JSON, Encoding, encode
from server.transport.encodings import MSGPACK
from tests.server.samples import LIMITS

BOTH = pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])

KEY = ModelKey("digits", "stable")
MODEL = Model(
    KEY,
    version=3,
    task="detection",
    labels=("零", "one"),
    width=192,
    height=192,
    lanes={"jpeg": Lane(KEY, "serving_default"), "rgb": Lane(KEY, "serving_pixels")},
)
MODEL_FIELDS = {
    "name": "digits",
    "version": 3,
    "label": "stable",
    "task": "detection",
    "labels": ["零", "one"],
    "formats": ["jpeg", "rgb"],
    "width": 192,
    "height": 192,
    "resize": "stretch",
}
DETECTIONS = Detections([[0.0, 0.25, 0.5, 1.0]], [0.9], [1])


def read(message: ServerMessage, encoding: Encoding) -> dict[str, Any]:
    payload = encode(message, encoding)
    if encoding is JSON:
        assert isinstance(payload, str)
        found = json.loads(payload, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    else:
        assert isinstance(payload, bytes)
        found = msgpack.unpackb(payload)
    assert isinstance(found, dict)
    return found


def result(answer: Any, **changes: Any) -> Result:
    return Result(7, 3, 16, Timing(1.234, 5.6789, 7.0), answer, **changes)


@BOTH
def test_welcome(encoding: Encoding) -> None:
    assert read(Welcome("abc", MODEL, LIMITS, 20.0), encoding) == {
        "type": "welcome",
        "protocol": "framewire.v1",
        "session": "abc",
        "model": MODEL_FIELDS,
        "limits": {
            "window": 4,
            "max_frame_bytes": 65536,
            "max_pixels": 1_000_000,
            "max_staleness_ms": 500,
        },
        "heartbeat_s": 20.0,
        "features": ["track", "zones", "lines", "then"],
    }


@BOTH
def test_no_model_is_null(encoding: Encoding) -> None:
    assert read(Welcome("abc", None, LIMITS, 20.0), encoding)["model"] is None
    assert read(Welcome("abc", None, LIMITS, 20.0, 60), encoding)["expires_in_s"] == 60
    assert read(ModelChanged(None), encoding) == {"type": "model_changed", "model": None}


@BOTH
def test_model_changed(encoding: Encoding) -> None:
    assert read(ModelChanged(MODEL), encoding) == {"type": "model_changed", "model": MODEL_FIELDS}


@BOTH
def test_detections(encoding: Encoding) -> None:
    assert read(result(DETECTIONS, captured_at=17.5), encoding) == {
        "type": "result",
        "id": 7,
        "captured_at": 17.5,
        "model_version": 3,
        "batch": 16,
        "timing_ms": {"queue": 1.23, "inference": 5.68, "total": 7.0},
        "boxes": [[0.0, 0.25, 0.5, 1.0]],
        "scores": [0.9],
        "classes": [1],
    }


def test_numbers_are_short_in_text() -> None:
    message = result(Detections([[1 / 3] * 4], [2 / 3], [1]))
    assert read(message, JSON)["boxes"] == [[0.33333] * 4]
    assert read(message, JSON)["scores"] == [0.66667]
    assert read(message, MSGPACK)["scores"] == [2 / 3]


@BOTH
def test_captured_at_is_left_out_where_it_was_not_said(encoding: Encoding) -> None:
    assert "captured_at" not in read(result(DETECTIONS), encoding)
    assert read(result(DETECTIONS, captured_at=0), encoding)["captured_at"] == 0


@BOTH
def test_classification(encoding: Encoding) -> None:
    found = read(result(Classification([4, 2], [0.7, 0.1])), encoding)
    assert (found["classes"], found["scores"]) == ([4, 2], [0.7, 0.1])
    assert "boxes" not in found


@BOTH
def test_poses(encoding: Encoding) -> None:
    found = read(result(Poses([[0.1, 0.2, 0.9, -0.5, 1.25, 0.0]], [0.45])), encoding)
    assert (found["keypoints"], found["scores"]) == ([[0.1, 0.2, 0.9, -0.5, 1.25, 0.0]], [0.45])
    assert found.keys().isdisjoint({"boxes", "classes", "outputs"})


@BOTH
def test_only_a_pose_model_has_a_skeleton(encoding: Encoding) -> None:
    pose = replace(MODEL, task="keypoints", skeleton=((0, 1),))
    found = read(ModelChanged(pose), encoding)["model"]
    assert found == {**MODEL_FIELDS, "task": "keypoints", "skeleton": [[0, 1]]}


@BOTH
def test_masks(encoding: Encoding) -> None:
    masks = {"width": 3, "height": 2, "runs": [0, 2, 300, 4]}
    found = read(result(Segmentation(3, 2, [0, 2, 300, 4])), encoding)
    assert found["masks"] == masks
    assert found.keys().isdisjoint({"scores", "classes", "outputs"})


@BOTH
def test_a_palette_is_there_only_if_the_model_has_one(encoding: Encoding) -> None:
    model = replace(MODEL, task="segmentation", palette=("#000000", "#00ff7f"))
    found = read(ModelChanged(model), encoding)["model"]
    assert found["palette"] == ["#000000", "#00ff7f"]
    assert "palette" not in read(ModelChanged(MODEL), encoding)["model"]


@BOTH
def test_classes_that_do_not_exclude_one_another(encoding: Encoding) -> None:
    model = replace(MODEL, task="classification", multi_label=True)
    assert read(ModelChanged(model), encoding)["model"]["multi_label"] is True


@BOTH
def test_masks_are_there_only_if_the_model_has_some(encoding: Encoding) -> None:
    assert read(ModelChanged(replace(MODEL, masks=True)), encoding)["model"]["masks"] is True
    assert "masks" not in read(ModelChanged(MODEL), encoding)["model"]
    boxes = Detections([[0.1, 0.2, 0.3, 0.4]], [0.9], [0])
    assert "box_masks" not in read(result(boxes), encoding)
    masked = read(result(boxes._replace(masks=BoxMasks(2, 1, [[1, 1]]))), encoding)
    assert masked["box_masks"] == {"width": 2, "height": 1, "runs": [[1, 1]]}


def test_corners_are_there_only_if_boxes_are_rotated() -> None:
    boxes = Detections([[0.1, 0.2, 0.3, 0.4]], [0.9], [0])
    corners = [[1 / 3, 0.25, -0.125, 0.5, 0.5, 1.5, 0.75, 0.0]]
    for encoding, first in ((MSGPACK, 1 / 3), (JSON, 0.33333)):
        assert "corners" not in read(result(boxes), encoding)
        found = read(result(boxes._replace(corners=corners)), encoding)
        assert found["corners"] == [[first, *corners[0][1:]]]


def test_an_embedding_has_seven_digits_in_text() -> None:
    message = result(Embedding([1 / 3, -12345678.0, 1e-30, 0.0]))
    assert read(message, MSGPACK)["embedding"] == [1 / 3, -12345678.0, 1e-30, 0.0]
    assert read(message, JSON)["embedding"] == [0.3333333, -12345680.0, 1e-30, 0.0]


def test_the_levels_of_a_map_are_bytes_in_msgpack_and_numbers_in_json() -> None:
    message = result(DenseMap(2, 1, 0.5, 7.25, b"\0\xff"))
    expected = {"width": 2, "height": 1, "low": 0.5, "high": 7.25}
    assert read(message, MSGPACK)["map"] == {**expected, "levels": b"\0\xff"}
    assert read(message, JSON)["map"] == {**expected, "levels": [0, 255]}


@BOTH
def test_a_map_has_a_unit(encoding: Encoding) -> None:
    model = replace(MODEL, task="map", unit="m")
    assert read(ModelChanged(model), encoding)["model"]["unit"] == "m"
    assert "unit" not in read(ModelChanged(MODEL), encoding)["model"]


def test_tensors_are_bytes_in_msgpack_and_numbers_in_json() -> None:
    data = struct.pack("<2f", 0.5, -2.0)
    answer = Tensors({"embedding": Tensor("float32", (1, 2), data)})
    expected = {"dtype": "float32", "shape": [1, 2]}
    assert read(result(answer), MSGPACK)["outputs"] == {"embedding": {**expected, "data": data}}
    assert read(result(answer), JSON)["outputs"] == {"embedding": {**expected, "data": [0.5, -2.0]}}


@pytest.mark.parametrize(
    ("dtype", "code", "values"),
    [
        ("float16", "e", [0.5, -1.0]),
        ("float64", "d", [0.1, 1e300]),
        ("int8", "b", [-128, 127]),
        ("uint8", "B", [0, 255]),
        ("int16", "h", [-(2**15), 2**15 - 1]),
        ("uint16", "H", [0, 2**16 - 1]),
        ("int32", "i", [-(2**31), 2**31 - 1]),
        ("uint32", "I", [0, 2**32 - 1]),
        ("int64", "q", [-(2**63), 2**63 - 1]),
        ("uint64", "Q", [0, 2**64 - 1]),
        ("bool", "?", [True, False]),
    ],
)
def test_every_dtype_has_its_numbers_in_json(dtype: str, code: str, values: list[Any]) -> None:
    tensor = Tensor(dtype, (2,), struct.pack(f"<2{code}", *values))
    assert read(result(Tensors({"t": tensor})), JSON)["outputs"]["t"]["data"] == values


@BOTH
def test_tensors_of_texts(encoding: Encoding) -> None:
    tensor = Tensor("string", (2,), ["a", "零"])
    assert read(result(Tensors({"t": tensor})), encoding)["outputs"]["t"]["data"] == ["a", "零"]


def test_what_is_not_finite_is_null_in_json() -> None:
    tensor = Tensor("float32", (3,), struct.pack("<3f", math.nan, math.inf, 1.0))
    found = read(result(Tensors({"t": tensor})), JSON)
    assert found["outputs"]["t"]["data"] == [None, None, 1.0]


def test_nan_is_never_written_as_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(result(Classification([1], [math.nan])), JSON)


@BOTH
def test_dropped_and_errors(encoding: Encoding) -> None:
    assert read(Dropped(2**64 - 1, "superseded"), encoding) == {
        "type": "dropped",
        "id": 2**64 - 1,
        "reason": "superseded",
    }
    error = {"type": "error", "code": "bad_frame", "message": "no", "retryable": False}
    assert read(Error("bad_frame", "no", False), encoding) == error
    assert read(Error("bad_frame", "no", False, 0), encoding) == {**error, "id": 0}


@BOTH
def test_pace(encoding: Encoding) -> None:
    assert read(Pace(7.1234), encoding) == {"type": "pace", "frames_per_s": 7.12}
    assert read(Pace(None), encoding) == {"type": "pace", "frames_per_s": None}


@BOTH
def test_going_away_and_pong(encoding: Encoding) -> None:
    assert read(GoingAway(1000, "stops"), encoding) == {
        "type": "going_away",
        "reconnect_after_ms": 1000,
        "reason": "stops",
    }
    assert read(Pong(1.5), encoding) == {"type": "pong", "t": 1.5}
    assert read(Pong(None), encoding) == {"type": "pong", "t": None}


def test_a_failed_encoding_leaves_nothing_behind() -> None:
    with pytest.raises(UnicodeEncodeError):
        MSGPACK.pack({"half": 1, "broken": "\ud800"})
    assert msgpack.unpackb(MSGPACK.pack({"whole": 1})) == {"whole": 1}


@BOTH
def test_tracks(encoding: Encoding) -> None:
    tracks = Tracks([5, None], [[0.125, 0.0, 0.123456789, 0.0], None])
    boxes = [[0.0, 0.25, 0.5, 1.0]] * 2
    found = read(result(Detections(boxes, [0.9, 0.8], [1, 1], tracks)), encoding)
    assert found["ids"] == [5, None]
    assert found["velocities"][0] == pytest.approx([0.125, 0.0, 0.12346, 0.0], abs=1e-5)
    assert found["velocities"][1] is None
    assert "restarted" not in found


@BOTH
def test_events_and_counts(encoding: Encoding) -> None:
    events = [Event("enter", 5, 1, "gate", 70_000.04), Event("cross", 5, 1, "door", 1.0, "left")]
    tracks = Tracks([5], [[0.0] * 4], events=events, counts=[Count("gate", 1, 2)])
    found = read(result(DETECTIONS._replace(tracks=tracks)), encoding)
    assert found["events"] == [
        {"kind": "enter", "id": 5, "class": 1, "zone": "gate", "at": 70_000.0},
        {"kind": "cross", "id": 5, "class": 1, "line": "door", "at": 1.0, "to": "left"},
    ]
    assert found["counts"] == [{"zone": "gate", "class": 1, "count": 2}]


@BOTH
def test_tracking_that_began_anew(encoding: Encoding) -> None:
    answer = DETECTIONS._replace(tracks=Tracks([None], [None], restarted=True))
    assert read(result(answer), encoding)["restarted"] is True
    assert read(result(DETECTIONS), encoding).keys().isdisjoint({"ids", "velocities", "restarted"})
