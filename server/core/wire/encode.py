"""Messages to bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Any

from server.core.answers import (
    STRUCT_CODES,
    Answer,
    Classification,
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
    Authorized,
    Dropped,
    Error,
    GoingAway,
    ModelChanged,
    Pace,
    Pong,
    Result,
    ServerMessage,
    Welcome,
)
from server.core.model import Model, ModelStatus, Then, looking_up
from server.core.wire.encoding import PROTOCOL, Encoding

# What sessions may ask for, beyond what every gateway of this version does.
FEATURES = ("track", "zones", "lines", "then")


def encode(message: ServerMessage, encoding: Encoding) -> bytes | str:
    """Return ``message`` as it is sent. Optional fields that are None are left out."""
    return encoding.pack(to_map(message, encoding.text))


def to_map(message: ServerMessage, text: bool) -> dict[str, Any]:
    """Return ``message`` as a map of plain values; with ``text``, none of them is bytes."""
    if isinstance(message, Result):
        return _result(message, text)
    if isinstance(message, Dropped):
        return {"type": "dropped", "id": message.id, "reason": message.reason}
    if isinstance(message, Error):
        return _error(message)
    if isinstance(message, Pong):
        return {"type": "pong", "t": message.t}
    if isinstance(message, ModelChanged):
        return {"type": "model_changed", "model": _model(message.model)}
    if isinstance(message, Authorized):
        return {"type": "authorized", "expires_in_s": message.expires_in_s}
    if isinstance(message, Pace):
        rate = message.frames_per_s
        return {"type": "pace", "frames_per_s": None if rate is None else round(rate, 2)}
    if isinstance(message, GoingAway):
        return {
            "type": "going_away",
            "reconnect_after_ms": message.reconnect_after_ms,
            "reason": message.reason,
        }
    return _welcome(message)


def status_map(status: ModelStatus) -> dict[str, Any]:
    """Return a model that sessions can ask for, as ``welcome.model`` has it, with its state."""
    key, result = status.key, status.result
    if isinstance(result, Model):
        return {**(_model(result) or {}), "default": status.default, "state": "ready"}
    return {
        "name": key.name,
        "version": key.version,
        "label": key.label,
        "default": status.default,
        "state": result.code if result else "looking_up",
        "message": (result or looking_up(key)).message,
    }


def _welcome(message: Welcome) -> dict[str, Any]:
    limits = message.limits
    fields = {
        "type": "welcome",
        "protocol": PROTOCOL,
        "session": message.session,
        "model": _model(message.model),
        "limits": {
            "window": limits.window,
            "max_frame_bytes": limits.max_frame_bytes,
            "max_pixels": limits.max_pixels,
            "max_staleness_ms": limits.max_staleness_ms,
        },
        "heartbeat_s": message.heartbeat_s,
        "features": list(FEATURES),
    }
    if message.expires_in_s is not None:
        fields["expires_in_s"] = message.expires_in_s
    return fields


def _model(model: Model | None) -> dict[str, Any] | None:
    if model is None:
        return None
    return {
        "name": model.key.name,
        "version": model.version,
        "label": model.key.label,
        "task": model.task,
        "labels": list(model.labels),
        "formats": list(model.formats),
        "width": model.width,
        "height": model.height,
        "resize": model.resize,
        **_details(model),
    }


def _details(model: Model) -> dict[str, Any]:
    """Return what only models of some tasks have, so that clients of others see nothing new."""
    details: dict[str, Any] = {}
    if model.task == "keypoints":
        details["skeleton"] = [list(edge) for edge in model.skeleton]
    if model.task == "map":
        details["unit"] = model.unit
    if model.palette:
        details["palette"] = list(model.palette)
    if model.multi_label:
        details["multi_label"] = True
    if model.then is not None:
        details["then"] = _then(model.then)
    if model.masks:
        details["masks"] = True
    return details


def _then(then: Then) -> dict[str, Any]:
    """Return a second model in the form of the option ``then``."""
    name, label, version = then.key
    fields = {"model": name, "label": label, "version": version, "max_boxes": then.max_boxes}
    given = {name: value for name, value in fields.items() if value is not None}
    return {**given, "min_score": then.min_score, "max_results": then.max_results}


def _result(message: Result, text: bool) -> dict[str, Any]:
    queue, inference, total = message.timing_ms
    fields: dict[str, Any] = {"type": "result", "id": message.id}
    if message.captured_at is not None:
        fields["captured_at"] = message.captured_at
    fields["model_version"] = message.model_version
    fields["batch"] = message.batch
    # Not round(), which converts to text and back.
    fields["timing_ms"] = {
        "queue": int(queue * 100 + 0.5) / 100,
        "inference": int(inference * 100 + 0.5) / 100,
        "total": int(total * 100 + 0.5) / 100,
    }
    fields.update(_answer(message.answer, text))
    return fields


def _answer(answer: Answer, text: bool) -> dict[str, Any]:
    if isinstance(answer, Detections):
        boxes, scores = answer.boxes, answer.scores
        if text:
            boxes, scores = [_short(box) for box in boxes], _short(scores)
        fields: dict[str, Any] = {"boxes": boxes, "scores": scores, "classes": answer.classes}
        if answer.corners is not None:
            fields["corners"] = list(map(_short, answer.corners)) if text else answer.corners
        if answer.masks is not None:
            width, height, runs = answer.masks.width, answer.masks.height, answer.masks.runs
            fields["box_masks"] = {"width": width, "height": height, "runs": runs}
        if answer.tracks is not None:
            fields.update(_tracks(answer.tracks, text))
        if answer.then is not None:
            fields["then"] = _second_answers(answer.then, text)
        return fields
    if isinstance(answer, Classification):
        scores = _short(answer.scores) if text else answer.scores
        return {"classes": answer.classes, "scores": scores}
    return _without_classes(answer, text)


def answer_map(answer: Answer) -> dict[str, Any]:
    """Return the fields of a result that are those of its task, for MessagePack."""
    return _answer(answer, text=False)


def _without_classes(
    answer: Poses | Segmentation | Embedding | DenseMap | Tensors, text: bool
) -> dict[str, Any]:
    if isinstance(answer, Poses):
        keypoints, scores = answer.keypoints, answer.scores
        if text:
            keypoints, scores = [_short(points) for points in keypoints], _short(scores)
        return {"keypoints": keypoints, "scores": scores}
    if isinstance(answer, Segmentation):
        return {"masks": {"width": answer.width, "height": answer.height, "runs": answer.runs}}
    if isinstance(answer, Embedding):
        vector = answer.vector
        return {"embedding": [float(f"{value:.7g}") for value in vector] if text else vector}
    if isinstance(answer, DenseMap):
        return {"map": _dense_map(answer, text)}
    return {"outputs": {name: _tensor(value, text) for name, value in answer.outputs.items()}}


def _dense_map(answer: DenseMap, text: bool) -> dict[str, Any]:
    return {
        "width": answer.width,
        "height": answer.height,
        "low": answer.low,
        "high": answer.high,
        "levels": list(answer.levels) if text else answer.levels,
    }


def _second_answers(then: SecondAnswers, text: bool) -> dict[str, Any]:
    answers = [_second_answer(answer, then.labels, text) for answer in then.answers]
    return {"model_version": then.version, "answers": answers}


def _second_answer(
    answer: Answer | Unanswered | None, labels: Sequence[str], text: bool
) -> dict[str, Any] | None:
    if answer is None:
        return None
    if isinstance(answer, Unanswered):
        return {"missing": answer.reason}
    fields = _answer(answer, text)
    if labels and "classes" in fields:
        fields["labels"] = names_of(fields["classes"], labels)
    return fields


def names_of(classes: Sequence[int], labels: Sequence[str]) -> list[str | None]:
    """Return the name of each class; None for one that has none."""
    return [labels[number] if 0 <= number < len(labels) else None for number in classes]


def _tracks(tracks: Tracks, text: bool) -> dict[str, Any]:
    velocities = tracks.velocities
    if text:
        velocities = [None if edges is None else _short(edges) for edges in velocities]
    fields: dict[str, Any] = {"ids": tracks.ids, "velocities": velocities}
    if tracks.restarted:
        fields["restarted"] = True
    if tracks.events is not None:
        fields["events"] = [_event(event) for event in tracks.events]
        fields["counts"] = [
            {"zone": entry.zone, "class": entry.kind, "count": entry.count}
            for entry in tracks.counts or ()
        ]
    return fields


def _event(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {"kind": event.what, "id": event.id, "class": event.kind}
    fields["zone" if event.to is None else "line"] = event.area
    fields["at"] = round(event.at, 1)
    if event.to is not None:
        fields["to"] = event.to
    return fields


def _short(values: Sequence[float]) -> list[float]:
    """Round numbers for text, where every digit is a byte; 1e-5 is less than a pixel."""
    return [round(value, 5) for value in values]


def _tensor(tensor: Tensor, text: bool) -> dict[str, Any]:
    data: Any = tensor.data
    if text and isinstance(data, bytes):
        data = _numbers(tensor.dtype, data)
    return {"dtype": tensor.dtype, "shape": list(tensor.shape), "data": data}


def _numbers(dtype: str, data: bytes) -> list[int | float | None]:
    code = STRUCT_CODES.get(dtype, "B")
    values = struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}", data)
    if dtype.startswith("float"):
        # JSON has no NaN and no infinities.
        return [value if math.isfinite(value) else None for value in values]
    return list(values)


def _error(message: Error) -> dict[str, Any]:
    fields: dict[str, Any] = {"type": "error"}
    if message.id is not None:
        fields["id"] = message.id
    fields["code"] = message.code
    fields["message"] = message.message
    fields["retryable"] = message.retryable
    return fields
