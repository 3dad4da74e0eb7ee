"""The gateway's messages as typed objects (docs/protocol.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framewire.client.outcomes import (
    Box,
    Classification,
    DenseMap,
    Detection,
    Keypoint,
    Pose,
    Result,
    Segmentation,
    Tensor,
    Timing,
)
from framewire.client.tracking import Count, Event, Velocity


@dataclass(frozen=True, slots=True)
class Model:
    """The model that answers now.

    ``task`` is ``detection``, ``classification``, ``keypoints``, ``segmentation``, ``embedding``,
    ``map`` or ``tensors``.
    ``labels`` names its classes or keypoints by index, ``palette`` has the colors of classes as
    ``#rrggbb``, ``skeleton`` the pairs of keypoints to join by a line. ``multi_label``: a picture
    can have several of the classes, or none. ``unit``: of the values of a map.
    ``width`` and ``height`` are the largest useful size in pixels; None: any. ``formats`` are the
    picture formats that it accepts.
    """

    name: str
    version: int
    label: str | None
    task: str
    labels: tuple[str, ...]
    formats: tuple[str, ...]
    width: int | None
    height: int | None
    skeleton: tuple[tuple[int, int], ...] = ()
    palette: tuple[str, ...] = ()
    multi_label: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the gateway allows: frames without an outcome, bytes and pixels per frame, age in ms."""

    window: int
    max_frame_bytes: int
    max_pixels: int
    max_staleness_ms: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """The gateway's answer to ``hello``. ``expires_in_s``: until the token expires, if it does."""

    session: str
    model: Model | None
    limits: Limits
    heartbeat_s: float
    expires_in_s: float | None


@dataclass(frozen=True, slots=True)
class Problem:
    """What the gateway reported about the session, such as an unknown model."""

    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Encoded:
    """A picture as it travels. ``size``: width and height in pixels, for raw formats only."""

    format: str
    data: bytes
    size: tuple[int, int] | None = None

    def message(self) -> dict[str, Any]:
        """Return the fields of ``frame``."""
        fields: dict[str, Any] = {"format": self.format, "data": self.data}
        if self.size:
            fields["width"], fields["height"] = self.size
        return fields


def welcome(message: Mapping[str, Any]) -> Welcome:
    """Parse ``welcome``. Raises KeyError or TypeError if a field is missing or wrong."""
    limits = message["limits"]
    return Welcome(
        session=message["session"],
        model=model(message["model"]),
        limits=Limits(
            window=limits["window"],
            max_frame_bytes=limits["max_frame_bytes"],
            max_pixels=limits["max_pixels"],
            max_staleness_ms=limits["max_staleness_ms"],
        ),
        heartbeat_s=message["heartbeat_s"],
        expires_in_s=message.get("expires_in_s"),
    )


def model(message: Mapping[str, Any] | None) -> Model | None:
    """Parse the ``model`` of ``welcome`` and ``model_changed``."""
    if message is None:
        return None
    return Model(
        name=message["name"],
        version=message["version"],
        label=message["label"],
        task=message["task"],
        labels=tuple(message["labels"]),
        formats=tuple(message["formats"]),
        width=message["width"],
        height=message["height"],
        skeleton=tuple((first, second) for first, second in message.get("skeleton", ())),
        palette=tuple(message.get("palette", ())),
        multi_label=message.get("multi_label", False),
        unit=message.get("unit", ""),
    )


def result(
    message: Mapping[str, Any],
    labels: tuple[str, ...],
    picture: Any,
    latency_ms: float,
    round_trip_ms: float,
) -> Result:
    """Parse ``result``. ``labels`` are those of the model that answered."""
    timing = message["timing_ms"]
    return Result(
        picture=picture,
        detections=_detections(message, labels) if "boxes" in message else (),
        classes=_classes(message, labels) if "boxes" not in message else (),
        outputs={name: _tensor(value) for name, value in message.get("outputs", {}).items()},
        model_version=message["model_version"],
        batch=message["batch"],
        timing=Timing(timing["queue"], timing["inference"], timing["total"]),
        events=tuple(_event(event, labels) for event in message.get("events", ())),
        counts=tuple(_count(count, labels) for count in message.get("counts", ())),
        restarted=message.get("restarted", False),
        latency_ms=latency_ms,
        round_trip_ms=round_trip_ms,
        message=message,
        poses=_poses(message, labels) if "keypoints" in message else (),
        segmentation=_segmentation(message["masks"]) if "masks" in message else None,
        embedding=tuple(message["embedding"]) if "embedding" in message else None,
        dense_map=_dense_map(message["map"]) if "map" in message else None,
    )


def _detections(message: Mapping[str, Any], labels: tuple[str, ...]) -> tuple[Detection, ...]:
    nothing = [None] * len(message["boxes"])
    columns = zip(
        message["boxes"],
        message["scores"],
        message["classes"],
        message.get("ids", nothing),
        message.get("velocities", nothing),
        strict=True,
    )
    return tuple(
        Detection(
            Box(*box), score, index, _name(labels, index), id_, Velocity(*edges) if edges else None
        )
        for box, score, index, id_, edges in columns
    )


def _event(message: Mapping[str, Any], labels: tuple[str, ...]) -> Event:
    return Event(
        kind=message["kind"],
        id=message["id"],
        class_index=message["class"],
        label=_name(labels, message["class"]),
        at_s=message["at"] / 1000,
        zone=message.get("zone"),
        line=message.get("line"),
        to=message.get("to"),
    )


def _count(message: Mapping[str, Any], labels: tuple[str, ...]) -> Count:
    index = message["class"]
    return Count(message["zone"], index, _name(labels, index), message["count"])


def _classes(message: Mapping[str, Any], labels: tuple[str, ...]) -> tuple[Classification, ...]:
    if "classes" not in message:  # scores can be those of something else
        return ()
    columns = zip(message["scores"], message["classes"], strict=True)
    return tuple(Classification(score, index, _name(labels, index)) for score, index in columns)


def _poses(message: Mapping[str, Any], labels: tuple[str, ...]) -> tuple[Pose, ...]:
    columns = zip(message["scores"], message["keypoints"], strict=True)
    return tuple(Pose(score, _keypoints(numbers, labels)) for score, numbers in columns)


def _keypoints(numbers: Sequence[float], labels: tuple[str, ...]) -> tuple[Keypoint, ...]:
    columns = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    return tuple(Keypoint(*point, _name(labels, index)) for index, point in enumerate(columns))


def _segmentation(masks: Mapping[str, Any]) -> Segmentation:
    return Segmentation(masks["width"], masks["height"], tuple(masks["runs"]))


def _dense_map(fields: Mapping[str, Any]) -> DenseMap:
    width, height, levels = fields["width"], fields["height"], fields["levels"]
    return DenseMap(width, height, fields["low"], fields["high"], bytes(levels))


def _name(labels: tuple[str, ...], index: int) -> str:
    return labels[index] if 0 <= index < len(labels) else str(index)


def _tensor(message: Mapping[str, Any]) -> Tensor:
    return Tensor(message["dtype"], tuple(message["shape"]), message["data"])
