"""What a model says about one frame: the task's fields of a ``result``.

Named tuples are the most frequent ones: see :mod:`server.core.messages`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Side = Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class Event:
    """What a tracked object did at a zone or a line (``area``).

    ``kind`` is its class; ``at`` is in ms on the clock of ``captured_at``. ``to`` is the side of
    a line that it crossed to, None at a zone.
    """

    what: Literal["enter", "leave", "cross"]
    id: int
    kind: int
    area: str
    at: float
    to: Side | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects of a class are in a zone."""

    zone: str
    kind: int
    count: int


class Tracks(NamedTuple):
    """For each box, the id of its track and the velocity of its edges per second, or None.

    ``restarted``: tracking began anew, so that no id of an earlier result continues.
    ``events`` and ``counts`` are None if the session has neither zones nor lines.
    """

    ids: Sequence[int | None]
    velocities: Sequence[Sequence[float] | None]
    restarted: bool = False
    events: Sequence[Event] | None = None
    counts: Sequence[Count] | None = None

    def of(self, boxes: Sequence[int]) -> Tracks:
        """Return those of some boxes, given by their numbers."""
        ids, velocities = self.ids, self.velocities
        return self._replace(ids=[ids[i] for i in boxes], velocities=[velocities[i] for i in boxes])


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A box without an answer of the second model, and why: a drop's reason or an error's code."""

    reason: str


@dataclass(frozen=True, slots=True)
class SecondAnswers:
    """What a second model, with these ``labels``, says about each box; None: it did not get it.

    ``version`` is the newest that answered; None: none did.
    """

    version: int | None
    answers: Sequence[Answer | Unanswered | None]
    labels: Sequence[str] = ()

    def of(self, boxes: Sequence[int]) -> SecondAnswers:
        """Return those of some boxes, given by their numbers."""
        return replace(self, answers=[self.answers[i] for i in boxes])


@dataclass(frozen=True, slots=True)
class BoxMasks:
    """For each box, which part of it the object covers: a grid of ``width`` x ``height`` cells.

    ``runs``: for each box, how many cells lie outside its object, how many inside, outside, and so
    on, row by row. None at all: the box has no mask.
    """

    width: int
    height: int
    runs: Sequence[Sequence[int]]

    def of(self, boxes: Sequence[int]) -> BoxMasks:
        """Return those of some boxes, given by their numbers."""
        return replace(self, runs=[self.runs[i] for i in boxes])


class Detections(NamedTuple):
    """Boxes as [x0, y0, x1, y1] in 0..1 of the frame as sent, best score first.

    ``classes`` are indices into the model's ``labels``. ``tracks`` is None if the session
    does not track, ``then`` if it asks for no second model, ``masks`` if the model has none.
    ``corners``, if boxes are rotated: x and y of the four corners of each, one after another; the
    boxes themselves are upright ones around them. Corners may lie beyond the frame.
    """

    boxes: Sequence[Sequence[float]]
    scores: Sequence[float]
    classes: Sequence[int]
    tracks: Tracks | None = None
    then: SecondAnswers | None = None
    masks: BoxMasks | None = None
    corners: Sequence[Sequence[float]] | None = None

    def limited(self, min_score: float, max_results: int | None) -> Detections:
        """Return those that score at least ``min_score``, ``max_results`` of them at most."""
        keep = _best(self.scores, min_score, max_results)
        return Detections(
            [self.boxes[i] for i in keep],
            [self.scores[i] for i in keep],
            [self.classes[i] for i in keep],
            self.tracks.of(keep) if self.tracks else None,
            self.then.of(keep) if self.then else None,
            self.masks.of(keep) if self.masks else None,
            None if self.corners is None else [self.corners[i] for i in keep],
        )


class Classification(NamedTuple):
    """Classes as indices into the model's ``labels``, best score first."""

    classes: Sequence[int]
    scores: Sequence[float]

    def limited(self, min_score: float, max_results: int | None) -> Classification:
        """Return those that score at least ``min_score``, ``max_results`` of them at most."""
        keep = _best(self.scores, min_score, max_results)
        return Classification([self.classes[i] for i in keep], [self.scores[i] for i in keep])


@dataclass(frozen=True, slots=True)
class Poses:
    """Keypoints of people, hands or other objects, best score first.

    ``keypoints``: for each pose x, y and score of each of its points, in one flat list. x and y
    are in 0..1 of the frame as sent, and beyond it if the point is. ``scores`` are those of poses.
    """

    keypoints: Sequence[Sequence[float]]
    scores: Sequence[float]

    def limited(self, min_score: float, max_results: int | None) -> Poses:
        """Return those that score at least ``min_score``, ``max_results`` of them at most.

        A pose keeps all of its points, whatever their scores.
        """
        keep = _best(self.scores, min_score, max_results)
        return Poses([self.keypoints[i] for i in keep], [self.scores[i] for i in keep])


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The class of each pixel of a map that covers the frame, ``width`` x ``height``.

    ``runs``: a class, how many pixels have it, the next class, and so on, row by row. Classes are
    indices into the model's ``labels``.
    """

    width: int
    height: int
    runs: Sequence[int]

    def limited(self, min_score: float, max_results: int | None) -> Segmentation:
        """Return all of it, since pixels have no scores."""
        return self


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector that is near those of similar pictures."""

    vector: Sequence[float]

    def limited(self, min_score: float, max_results: int | None) -> Embedding:
        """Return all of it, since it has no scores."""
        return self


@dataclass(frozen=True, slots=True)
class DenseMap:
    """A value for each pixel of a map that covers the frame, such as its depth.

    ``levels``: a byte for each pixel, row by row, 0 for the value ``low`` to 255 for ``high``.
    """

    width: int
    height: int
    low: float
    high: float
    levels: bytes

    def limited(self, min_score: float, max_results: int | None) -> DenseMap:
        """Return all of it, since pixels have no scores."""
        return self


STRUCT_CODES = {
    "float16": "e",
    "float32": "f",
    "float64": "d",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "bool": "?",
}
"""The codes of ``struct`` for the dtypes that have one."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One raw output. ``data``: little-endian, row-major bytes, or a list of strings."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes | Sequence[str]


@dataclass(frozen=True, slots=True)
class Tensors:
    """Raw outputs by name, for a task that the wire has no fields for."""

    outputs: Mapping[str, Tensor]

    def limited(self, min_score: float, max_results: int | None) -> Tensors:
        """Return all of them, since raw outputs have no scores."""
        return self


Answer = Detections | Classification | Poses | Segmentation | Embedding | DenseMap | Tensors


def _best(scores: Sequence[float], min_score: float, max_results: int | None) -> list[int]:
    """Return the indices of the scores to keep. ``scores`` are sorted, best first."""
    return [i for i, score in enumerate(scores) if score >= min_score][:max_results]
