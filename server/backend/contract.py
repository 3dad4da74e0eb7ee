"""What the gateway must know to call one signature of one version."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property

from server.backend.description import MAX_POINTS, Scale
from server.backend.labels import NO_LIMIT, Labels
from server.core.amounts import amount
from server.core.lru import LRU
from server.core.model import Lane, ModelKey, Resize, Task


@dataclass(frozen=True, slots=True)
class BytesInput:
    """Takes encoded pictures as received. ``rows`` is the batch size if it is fixed."""

    alias: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class PixelsInput:
    """Takes pixels, ``[N,height,width,channels]``.

    ``rows`` is the batch size if it is fixed. If ``width`` or ``height`` is None, a frame
    keeps its own. ``scale`` is None for uint8.
    """

    alias: str
    rows: int | None
    width: int | None
    height: int | None
    channels: int
    resize: Resize = "stretch"
    scale: Scale | None = None

    @property
    def dtype(self) -> str:
        """``float32`` with a scale, ``uint8`` without."""
        return "uint8" if self.scale is None else "float32"

    @property
    def one_size(self) -> bool:
        """Whether all frames get the same size, so that they can share a batch."""
        return self.width is not None and self.height is not None


@dataclass(frozen=True)
class DetectionOutputs:
    """Aliases of TensorFlow's detection outputs.

    ``count``, ``masks`` and ``corners`` are None if there are none. ``class_count`` is the number
    of described labels.
    """

    boxes: str
    scores: str
    classes: str
    count: str | None
    first_class: int
    class_count: int = NO_LIMIT
    masks: str | None = None
    corners: str | None = None

    task: Task = "detection"

    @cached_property  # every call needs it
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request."""
        names = (self.boxes, self.scores, self.classes, self.count, self.masks, self.corners)
        return tuple(name for name in names if name is not None)


@dataclass(frozen=True, slots=True)
class ClassificationOutputs:
    """Aliases of a classifier's outputs. ``logits``: the scores need a softmax or, if
    ``multi_label`` because classes do not exclude one another, a sigmoid each.

    ``class_count`` is the number of described labels.
    """

    scores: str
    classes: str | None
    logits: bool
    first_class: int
    labels: Labels
    class_count: int = NO_LIMIT
    multi_label: bool = False

    task: Task = "classification"

    @property
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request."""
        return (self.scores,) if self.classes is None else (self.scores, self.classes)


@dataclass(frozen=True, slots=True)
class KeypointOutputs:
    """Aliases of a pose model's outputs. ``scores`` is None if its poses have none of their own.

    ``named`` is the number of described labels, which name the points; 0 if there are none.
    ``joined`` is how many points there must be for the described skeleton.
    """

    points: str
    scores: str | None
    named: int = 0
    joined: int = 0

    task: Task = "keypoints"

    @property
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request."""
        return (self.points,) if self.scores is None else (self.points, self.scores)

    def count_fault(self, count: int) -> str | None:
        """Return why a pose cannot have ``count`` points, or None if it may."""
        if self.named and count != self.named:
            counts = f"{amount(count, 'point')}, for {amount(self.named, 'label')}"
            return f"its output {self.points!r} has {counts}"
        if count < self.joined:
            has = amount(count, "point")
            return f"its output {self.points!r} has {has}; a skeleton joins {self.joined}"
        if not 1 <= count <= MAX_POINTS:
            return f"its output {self.points!r} has {count} points, not 1 to {MAX_POINTS}"
        return None


@dataclass(frozen=True, slots=True)
class SegmentationOutputs:
    """The alias of the class of each pixel. ``class_count`` is the number of described labels."""

    classes: str
    first_class: int
    class_count: int = NO_LIMIT

    task: Task = "segmentation"

    @property
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request."""
        return (self.classes,)


@dataclass(frozen=True, slots=True)
class EmbeddingOutputs:
    """The alias of a vector."""

    vector: str

    task: Task = "embedding"

    @property
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request."""
        return (self.vector,)


@dataclass(frozen=True, slots=True)
class MapOutputs:
    """The alias of the value of each pixel."""

    values: str

    task: Task = "map"

    @property
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request."""
        return (self.values,)


@dataclass(frozen=True, slots=True)
class TensorOutputs:
    """All outputs, of a task that the wire has no fields for.

    ``shared`` are those that the signature returns once per batch.
    """

    shared: frozenset[str]

    task: Task = "tensors"

    @property
    def aliases(self) -> tuple[str, ...]:
        """The outputs to request; none means all."""
        return ()


Input = BytesInput | PixelsInput
Outputs = (
    DetectionOutputs
    | ClassificationOutputs
    | KeypointOutputs
    | SegmentationOutputs
    | EmbeddingOutputs
    | MapOutputs
    | TensorOutputs
)


@dataclass(frozen=True, slots=True)
class Contract:
    """One signature of one version.

    ``certain``: whether the metadata leaves no doubt that it can be followed.
    ``known_layout``: whether its input is certain to take the channels last.
    """

    version: int
    input: Input
    outputs: Outputs
    certain: bool = True
    known_layout: bool = True


_Key = tuple[ModelKey, str, int | None]
"""What a contract depends on of a lane: all but whether its frames travel alone."""


class Contracts:
    """The contracts learnt so far, by lane and version; the least recently used are evicted."""

    MAX_LANES = 256
    MAX_VERSIONS = 8

    def __init__(self) -> None:
        self._lanes: LRU[_Key, OrderedDict[int, Contract]] = LRU(self.MAX_LANES, OrderedDict)

    def add(self, lane: Lane, contract: Contract) -> None:
        """Make ``contract`` the newest of ``lane``."""
        versions = self._lanes.of(lane[:3])
        versions[contract.version] = contract
        versions.move_to_end(contract.version)
        if len(versions) > self.MAX_VERSIONS:
            versions.popitem(last=False)

    def newest(self, lane: Lane) -> Contract | None:
        """Return the contract learnt last, which requests follow."""
        key = lane[:3]
        versions = self._lanes.get(key)
        if versions is None:
            return None
        self._lanes.move_to_end(key)
        return next(reversed(versions.values()))

    def of_version(self, lane: Lane, version: int) -> Contract | None:
        """Return the contract of the version that answered, if it is known."""
        versions = self._lanes.get(lane[:3])
        return None if versions is None else versions.get(version)

    def forget(self, lane: Lane) -> None:
        """Discard what was learnt about ``lane``."""
        self._lanes.pop(lane[:3], None)
