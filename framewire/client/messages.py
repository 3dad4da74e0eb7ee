"""The gateway's messages as typed objects (docs/protocol.md)."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from framewire.client import answers
from framewire.client.outcomes import Result, Timing
from framewire.client.second import SecondModel
from framewire.client.tracking import Count, Event

_EVENT_KINDS = {"enter", "leave", "cross"}
_EVENT = {"id", "class", "at"}


@dataclass(frozen=True, slots=True)
class Model:
    """The model that answers now.

    ``task`` is ``detection``, ``classification``, ``keypoints``, ``segmentation``, ``embedding``,
    ``map`` or ``tensors``.
    ``labels`` names its classes or keypoints by index, ``palette`` has the colors of classes as
    ``#rrggbb``, ``skeleton`` the pairs of keypoints to join by a line. ``multi_label``: a picture
    can have several of the classes, or none. ``unit``: of the values of a map. ``then``: the second
    model that it is meant for. ``masks``: its detections have masks.
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
    then: SecondModel | None = None
    masks: bool = False


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
            window=operator.index(limits["window"]),
            max_frame_bytes=operator.index(limits["max_frame_bytes"]),
            max_pixels=operator.index(limits["max_pixels"]),
            max_staleness_ms=operator.index(limits["max_staleness_ms"]),
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
        then=SecondModel.of(message["then"]) if "then" in message else None,
        masks=message.get("masks", False),
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
    names = answers.Labels(labels)
    return Result(
        picture=picture,
        **answers.fields(message, names),
        model_version=message["model_version"],
        batch=message["batch"],
        timing=Timing(timing["queue"], timing["inference"], timing["total"]),
        events=tuple(_events(message.get("events", ()), names)),
        counts=tuple(_count(count, names) for count in message.get("counts", ())),
        restarted=message.get("restarted", False),
        latency_ms=latency_ms,
        round_trip_ms=round_trip_ms,
        message=message,
    )


def _events(messages: Sequence[Mapping[str, Any]], labels: answers.Labels) -> Iterator[Event]:
    """Yield the events, but none of a later gateway's that is about something else than an object.

    Those are left to ``Result.message``.
    """
    for message in messages:
        if message["kind"] in _EVENT_KINDS or message.keys() >= _EVENT:
            yield _event(message, labels)


def _event(message: Mapping[str, Any], labels: answers.Labels) -> Event:
    return Event(
        kind=message["kind"],
        id=message["id"],
        class_index=message["class"],
        label=labels.name(message["class"]),
        at_s=message["at"] / 1000,
        zone=message.get("zone"),
        line=message.get("line"),
        to=message.get("to"),
    )


def _count(message: Mapping[str, Any], labels: answers.Labels) -> Count:
    index = message["class"]
    return Count(message["zone"], index, labels.name(index), message["count"])
