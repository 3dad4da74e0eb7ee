"""What a session asks for, and what the gateway has learnt about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from server.core.errors import BackendUnavailable, FramewireError

Task = Literal[
    "detection", "classification", "keypoints", "segmentation", "embedding", "map", "tensors"
]
Resize = Literal["stretch", "letterbox"]
Edge = tuple[int, int]


class ModelKey(NamedTuple):
    """A model as a client names it: by label, by version, or by its name alone.

    What a name alone leads to says :class:`~server.core.rollout.Rollout`; at a model server, it
    is the newest version.
    """

    name: str
    label: str | None = None
    version: int | None = None

    def __str__(self) -> str:
        if self.label is not None:
            return f"{self.name}:{self.label}"
        return self.name if self.version is None else f"{self.name}/{self.version}"


MAX_CROPS = 50
"""The most boxes of a frame that a second model gets."""
MAX_SECOND_RESULTS = 100
"""The most that it says about one of them."""


@dataclass(frozen=True, slots=True)
class Then:
    """A second model, which gets the boxes that a detector finds, cut out of the frame.

    At most ``max_boxes`` of a frame's boxes; None: as many as the gateway allows. ``min_score``
    and ``max_results`` apply to what it says about each of them.
    """

    key: ModelKey
    max_boxes: int | None = None
    min_score: float = 0.0
    max_results: int = 5


class Lane(NamedTuple):
    """Frames of one lane may share a batch: one model, one label or version, one signature.

    ``max_batch`` is the limit of the signature itself (1 if its batch dimension is fixed
    at 1); None if it has none. ``alone``: frames travel one by one, in one
    call at a time, because they are costly to decode.
    """

    model: ModelKey
    signature: str
    max_batch: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model as discovered, for one version.

    ``lanes`` maps each frame format that the model accepts to the lane of such frames.
    ``width`` and ``height`` (pixels) are the size worth sending; None if the model
    accepts any size. ``resize`` is how a frame with another aspect ratio is fitted.
    ``skeleton``: which keypoints to join by a line, as pairs of their numbers. ``palette``: the
    color of each class, as ``#rrggbb``. ``multi_label``: classes do not exclude one another.
    ``unit``: that of the values of a map. ``then``: the model that is meant for its boxes.
    ``masks``: its boxes have masks.
    """

    key: ModelKey
    version: int
    task: Task
    labels: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    resize: Resize = "stretch"
    skeleton: tuple[Edge, ...] = ()
    palette: tuple[str, ...] = ()
    multi_label: bool = False
    unit: str = ""
    then: Then | None = None
    masks: bool = False

    @property
    def formats(self) -> tuple[str, ...]:
        """The frame formats that this model accepts."""
        return tuple(self.lanes)


def looking_up(key: ModelKey) -> BackendUnavailable:
    """Return why there is no model yet."""
    return BackendUnavailable(f"model {key} is being looked up")


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What the gateway knows of a model that sessions can ask for.

    ``result`` is the model, why there is none, or None while it is being looked up.
    ``default``: sessions that name no model get this one.
    """

    key: ModelKey
    result: Model | FramewireError | None
    default: bool


@dataclass(frozen=True, slots=True)
class VersionLabels:
    """The version labels of a model, and the versions that they can be moved to.

    ``reason``: why they cannot be moved; empty if they can.
    """

    model: str
    labels: Mapping[str, int]
    versions: Sequence[int]
    reason: str = ""
