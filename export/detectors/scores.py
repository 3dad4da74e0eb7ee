"""Scores of anchors: what has to be applied to them, and which columns are classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from export.contract import Tensor
from export.detectors.options import DecodeOptions
from export.errors import SourceError
from export.tasks.activation import activate

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Scores:
    """How scores ``[N, A, columns]`` become those of ``classes`` classes."""

    activation: str
    background: bool
    classes: int
    notes: tuple[str, ...] = ()

    def __call__(self, values: Tensor) -> Tensor:
        """Return float32 ``[N, A, classes]`` in 0..1."""
        return activate(values, self.activation, self.background)


def recognize_scores(name: str, values: np.ndarray, options: DecodeOptions) -> Scores:
    """Return how to read ``values``, ``[..., columns]``. Raise ``SourceError`` if they are logits
    and no activation is given.

    Scores that add up to 1 have a column for the background: a box with nothing in it must be
    able to say so.
    """
    columns = values.shape[-1]
    activation = options.activation or "none"
    if options.activation is None and not in_unit_range(values):
        raise SourceError(
            f"{name} has values from {values.min():.3g} to {values.max():.3g}, so these are not "
            "scores yet; add --activation softmax (one of the columns is the background) or "
            "--activation sigmoid"
        )
    if options.background or not _adds_up(values, activation):
        return Scores(activation, options.background, columns - options.background)
    note = f"column 0 of {name} is taken as the background, because a box's scores add up to 1"
    return Scores(activation, True, columns - 1, (note,))


def in_unit_range(values: np.ndarray) -> bool:
    """Return whether all values are scores: in 0..1, give or take rounding."""
    return bool(values.min() >= -_TOLERANCE and values.max() <= 1 + _TOLERANCE)


def _adds_up(values: np.ndarray, activation: str) -> bool:
    if values.shape[-1] < 2 or activation == "sigmoid":
        return False
    return activation == "softmax" or bool(np.abs(values.sum(axis=-1) - 1).max() < _TOLERANCE)
