"""What became of a frame: exactly one of :class:`Result`, :class:`Dropped` and :class:`Failed`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from framewire.client.tracking import Count, Event, Velocity


class Box(NamedTuple):
    """A rectangle by its edges. In a result they are in 0..1 of the picture."""

    x0: float
    y0: float
    x1: float
    y1: float

    def scaled(self, width: float, height: float) -> Box:
        """Return the box in pixels of a picture of ``width`` x ``height``."""
        return Box(self.x0 * width, self.y0 * height, self.x1 * width, self.y1 * height)


@dataclass(frozen=True, slots=True)
class Mask:
    """The part of a box that its object covers, as ``width`` x ``height`` cells that fill the box.

    ``runs``: how many cells lie outside the object, how many inside, outside, and so on, row by
    row.
    """

    width: int
    height: int
    runs: tuple[int, ...]

    def area(self) -> float:
        """Return the share of the box, in 0..1, that the object covers."""
        return sum(self.runs[1::2]) / (self.width * self.height)

    def numpy(self) -> Any:
        """Return a boolean numpy array of shape [height, width]. Needs numpy."""
        import numpy

        inside = numpy.arange(len(self.runs)) % 2 == 1
        return numpy.repeat(inside, self.runs).reshape(self.height, self.width)


@dataclass(frozen=True, slots=True)
class Detection:
    """One object that was found. ``score`` is in 0..1.

    ``class_index`` counts from 0; ``label`` is that class's name, or the index as text if the
    model has no names. With ``track``, ``id`` and ``velocity`` are those of the object; None until
    it is confirmed. With ``then``, ``second`` is what the second model says about it, if it was to.
    ``mask`` is None if the model, or this box, has none. ``corners``, if the model's boxes are
    rotated: x and y of the four corners, around the object, in 0..1 of the picture or beyond it;
    ``box`` is the upright one around them. The first two are the ends of the side that the model
    calls its width.
    """

    box: Box
    score: float
    class_index: int
    label: str
    id: int | None = None
    velocity: Velocity | None = None
    second: SecondAnswer | None = None
    mask: Mask | None = None
    corners: tuple[tuple[float, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class Classification:
    """One class that the picture may show; the fields are those of :class:`Detection`."""

    score: float
    class_index: int
    label: str


class Keypoint(NamedTuple):
    """One point of a pose. ``x`` and ``y`` are in 0..1 of the picture, beyond it if it is outside.

    ``label`` is its name, or its number as text if the model has no names.
    """

    x: float
    y: float
    score: float
    label: str


@dataclass(frozen=True, slots=True)
class Pose:
    """The keypoints of a person, a hand or another object. ``score`` is in 0..1.

    ``Model.skeleton`` has the pairs of keypoints to join by a line.
    """

    score: float
    keypoints: tuple[Keypoint, ...]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The class of each pixel of a map that covers the picture, ``width`` x ``height``.

    ``runs``: a class, how many pixels have it, the next class, and so on, row by row.
    """

    width: int
    height: int
    runs: tuple[int, ...]

    def areas(self) -> dict[int, float]:
        """Return the share of the picture, in 0..1, of each class that is there."""
        pixels: dict[int, int] = {}
        for index, length in zip(self.runs[::2], self.runs[1::2], strict=True):
            pixels[index] = pixels.get(index, 0) + length
        return {index: count / (self.width * self.height) for index, count in pixels.items()}

    def numpy(self) -> Any:
        """Return a numpy array of the classes, of shape [height, width]. Needs numpy."""
        import numpy

        classes = numpy.repeat(self.runs[::2], self.runs[1::2])
        return classes.reshape(self.height, self.width)


@dataclass(frozen=True, slots=True)
class DenseMap:
    """A value for each pixel of a map that covers the picture, ``width`` x ``height``.

    ``levels``: a byte for each pixel, row by row, 0 for the value ``low`` to 255 for ``high``.
    ``Model.unit`` is that of the values.
    """

    width: int
    height: int
    low: float
    high: float
    levels: bytes

    def numpy(self) -> Any:
        """Return a numpy array of the values, float32 of shape [height, width]. Needs numpy."""
        import numpy

        levels = numpy.frombuffer(self.levels, numpy.uint8).reshape(self.height, self.width)
        values = self.low + levels.astype(numpy.float64) * ((self.high - self.low) / 255)
        return values.astype(numpy.float32)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One raw output of a model of no other task.

    ``data`` is row-major and little-endian, or a list for a tensor of strings.
    """

    dtype: str
    shape: tuple[int, ...]
    data: bytes | Sequence[str]

    def numpy(self) -> Any:
        """Return a numpy array of this ``dtype`` and ``shape``. Needs numpy."""
        import numpy

        if not isinstance(self.data, bytes):
            return numpy.array(self.data, dtype=object).reshape(self.shape)
        dtype = numpy.dtype(self.dtype).newbyteorder("<")
        return numpy.frombuffer(self.data, dtype).reshape(self.shape)


@dataclass(frozen=True, slots=True)
class SecondAnswer:
    """What a second model says about a detection, in the fields that :class:`Result` has.

    ``missing``: why there is no answer, a reason of :class:`Dropped` or a code of :class:`Failed`;
    None if there is one. Boxes and keypoints are in 0..1 of the picture, maps cover the box.
    """

    missing: str | None = None
    detections: tuple[Detection, ...] = ()
    classes: tuple[Classification, ...] = ()
    outputs: Mapping[str, Tensor] = field(default_factory=dict)
    poses: tuple[Pose, ...] = ()
    segmentation: Segmentation | None = None
    embedding: tuple[float, ...] | None = None
    dense_map: DenseMap | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds in the gateway: in the queue, in the call of the model, and in total."""

    queue_ms: float
    inference_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True)
class Result:
    """A model's answer about one picture.

    A detection model fills ``detections``, a classification model ``classes``, a keypoints model
    ``poses``, each best score first. A segmentation model fills ``segmentation``, an embedding
    model ``embedding``, a map model ``dense_map``, any other model ``outputs``, by name.

    ``picture`` is the object that was offered. ``latency_ms`` is the time from the offer to the
    result, ``round_trip_ms`` the part of it since the frame was sent. ``batch`` is the number of
    frames that shared the model's call.

    With ``zones`` or ``lines``, ``events`` is what happened since the last result, in order, and
    ``counts`` what is in each zone now. ``restarted``: tracking began anew, so that no id of an
    earlier result continues.

    ``message`` is the whole message, for fields that this version of the client does not know.
    """

    picture: Any
    detections: tuple[Detection, ...]
    classes: tuple[Classification, ...]
    outputs: Mapping[str, Tensor]
    model_version: int
    batch: int
    timing: Timing
    events: tuple[Event, ...] = ()
    counts: tuple[Count, ...] = ()
    restarted: bool = False
    latency_ms: float = math.nan
    round_trip_ms: float = math.nan
    message: Mapping[str, Any] = field(default_factory=dict, repr=False)
    poses: tuple[Pose, ...] = ()
    segmentation: Segmentation | None = None
    embedding: tuple[float, ...] | None = None
    dense_map: DenseMap | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A frame that no model answered, although nothing was wrong with it.

    ``reason`` is one of the gateway's (docs/protocol.md), or one of the client's own:
    ``superseded_locally`` (a newer frame was offered before this one could be sent), ``not_ready``
    (no session or no model), ``disconnected`` (the connection was lost before the outcome) or
    ``timed_out``.
    """

    picture: Any
    reason: str

    def __str__(self) -> str:
        return f"dropped: {self.reason}"


@dataclass(frozen=True, slots=True)
class Failed:
    """A frame that cannot be answered. ``retryable``: the same picture may succeed later.

    ``code`` is one of the gateway's (docs/protocol.md), or ``bad_picture``: the client could not
    read or encode the picture.
    """

    picture: Any
    code: str
    message: str
    retryable: bool

    def __str__(self) -> str:
        return f"{self.message} ({self.code})"


Outcome = Result | Dropped | Failed
