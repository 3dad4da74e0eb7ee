"""What every task has in common, and what the command line says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

Tensor = Any
Outputs = dict[str, Tensor]
Probe = dict[str, np.ndarray]
"""A source's outputs for a few pictures, by name."""

TASKS = ("detection", "classification", "tensors")
ORDERS = ("yxyx", "xyxy", "cxcywh")
UNITS = ("normalized", "pixels")
ACTIVATIONS = ("none", "sigmoid", "softmax")


class Task(Protocol):
    """Turns a source's outputs into the contract's."""

    @property
    def name(self) -> str:
        """One of `TASKS`."""

    @property
    def first_class(self) -> int:
        """The number that the contract's outputs give the first label."""

    @property
    def classes(self) -> int | None:
        """How many classes there are, if the outputs' shapes tell."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know, a line each."""

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        """The contract's outputs. size: int32 [2], the pixels' height and width."""


@dataclass(frozen=True)
class TaskWish:
    """What is asked for.

    task: one of `TASKS`, by default what the outputs' names say. order, units: of boxes.
    suppress: whether overlapping boxes are still to be thinned out, to those from `min_score` on
    with an overlap of at most `max_overlap`, `max_boxes` at most. activation: what scores still
    need. background: whether the first column of scores stands for no class.
    first_class: the number that the model gives its first class; None: not said.
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
