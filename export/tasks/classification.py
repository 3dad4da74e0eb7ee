"""Classifiers: a score for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from export.errors import SourceError
from export.sources.names import listed
from export.tasks.task import Outputs, Probe, TaskWish, Tensor

NAMES = ("probabilities", "scores", "logits")
_CLASSES = "classes"
_EVEN = 1e-3


@dataclass(frozen=True)
class Classification:
    """own: the source's name for the scores; output: what they are, one of `NAMES`."""

    own: str
    output: str
    wish: TaskWish
    first_class: int
    classes: int
    notes: tuple[str, ...] = ()

    name: str = "classification"

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        scores = tf.cast(outputs[self.own], tf.float32)
        scores = tf.reshape(scores, [tf.shape(scores)[0], self._columns])
        if self.wish.activation == "sigmoid":
            scores = tf.sigmoid(scores)
        elif self.wish.activation == "softmax":
            scores = tf.nn.softmax(scores)
        return {self.output: scores[:, 1:] if self.wish.background else scores}

    @property
    def _columns(self) -> int:
        return self.classes + self.wish.background


def classification(probe: Probe, wish: TaskWish) -> Classification:
    """The task for a source with these outputs. Raises SourceError if none has scores."""
    own = scores_among(probe)
    if own is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a classifier needs one output [N,C]: name it with --outputs scores=TENSOR; "
            f"the model gives {listed(shapes)}"
        )
    values = probe[own].reshape(len(probe[own]), -1)
    output, notes = _meaning(own, values, wish)
    classes = values.shape[1] - wish.background
    return Classification(own, output, wish, wish.first_class or 0, classes, notes)


def scores_among(probe: Probe) -> str | None:
    """The output with a score for each class: by its name, or the only one of that shape."""
    fitting = [name for name, value in probe.items() if name != _CLASSES and _holds_scores(value)]
    for name in NAMES:
        if name in fitting:
            return name
    return fitting[0] if len(fitting) == 1 else None


def _holds_scores(value: np.ndarray) -> bool:
    """[N, C], or [N, 1, 1, C] as fully convolutional classifiers give it."""
    flat = value.ndim >= 2 and all(size == 1 for size in value.shape[1:-1])
    return flat and value.dtype.kind == "f"


def _meaning(own: str, values: np.ndarray, wish: TaskWish) -> tuple[str, tuple[str, ...]]:
    """What the scores are: what their name or the activation says, else what they look like."""
    if wish.activation != "none":
        return ("probabilities" if wish.activation == "softmax" else "scores"), ()
    if own in NAMES:
        return own, ()
    inside = bool((values >= 0).all() and (values <= 1).all())
    even = inside and bool(np.abs(values.sum(axis=1) - 1).max() < _EVEN)
    output = "probabilities" if even else "scores" if inside else "logits"
    low, high = float(values.min()), float(values.max())
    note = f"output {own} is served as {output}: its values are {low:.3g} to {high:.3g}"
    return output, (f"{note}; else name it with --outputs",)
