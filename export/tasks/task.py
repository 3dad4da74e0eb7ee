"""What every task has in common, and the options for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from export.contract import Outputs, Tensor

Probe = dict[str, np.ndarray]
"""A source's outputs for a few images, by name."""

ORDERS = ("yxyx", "xyxy", "cxcywh")
UNITS = ("normalized", "pixels")
ACTIVATIONS = ("none", "sigmoid", "softmax")

Size = tuple[int, int]
"""Height and width in pixels."""

Edge = tuple[int, int]
"""Two keypoints, by number, that a line joins."""


class Task(Protocol):
    """Convert a source's outputs to the contract's."""

    @property
    def name(self) -> str:
        """One of ``contract.TASKS``."""

    @property
    def first_class(self) -> int:
        """The number of the first label in the contract's outputs."""

    @property
    def classes(self) -> int | None:
        """The number of classes or keypoints, if the shapes of the outputs determine it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the outputs' form implies, unless the user has others."""

    @property
    def details(self) -> Mapping[str, Any]:
        """Further fields of the description."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the user, one line each."""

    def reads(self) -> Collection[str]:
        """Return the names of the source's outputs that are served, in whatever form."""

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        """Return the contract's outputs. ``size``: int32 ``[2]``, height and width in pixels."""


class PlainTask:
    """A task whose outputs imply no labels and nothing else to describe."""

    @property
    def labels(self) -> tuple[str, ...]:
        return ()

    @property
    def details(self) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True)
class TaskOptions:
    """What the command line says about the outputs.

    ``task``: one of ``contract.TASKS``; by default the names of the outputs decide.
    ``order``, ``units``: of boxes and keypoints.
    ``suppress``: apply non-maximum suppression, keeping at most ``max_boxes`` boxes with a score
    of at least ``min_score`` and an overlap of at most ``max_overlap``.
    ``activation``: what to apply to the scores.
    ``background``: the first column of scores is the background.
    ``first_class``: the model's number for its first class; None if not given.
    ``skeleton``: which keypoints a line joins, ``palette``: the colors of classes; None if not
    given.
    ``normalize``: scale embeddings to a length of 1.
    ``multi_label``: a picture can have several of the classes, or none.
    ``unit``: of the values of a map. ``then``: the model that a detector's boxes are meant for.
    ``masks``: what a detector's masks cover, ``box`` or ``image``. ``mask_size``: the side of masks
    that are made of the latter, in cells.
    """

    task: str | None = None
    order: str = "yxyx"
    units: str = "normalized"
    suppress: bool = False
    max_overlap: float = 0.5
    min_score: float = 0.05
    max_boxes: int = 100
    activation: str = "none"
    background: bool = False
    first_class: int | None = None
    skeleton: tuple[Edge, ...] | None = None
    palette: tuple[str, ...] | None = None
    normalize: bool = False
    multi_label: bool = False
    unit: str = ""
    then: str = ""
    masks: str = "box"
    mask_size: int = 28
