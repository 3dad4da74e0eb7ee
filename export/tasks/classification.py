"""Classifiers: a score for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from export.contract import CLASS_SCORES, Outputs, Tensor
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.task import Probe, TaskOptions

_CLASSES = "classes"
_SUM_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Classification:
    """A classifier.

    ``own``: the source's name for the scores. ``output``: one of ``contract.CLASS_SCORES``.
    """

    own: str
    output: str
    options: TaskOptions
    first_class: int
    classes: int
    notes: tuple[str, ...] = ()

    name: str = "classification"

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        scores = tf.cast(outputs[self.own], tf.float32)
        scores = tf.reshape(scores, [tf.shape(scores)[0], self._columns])
        if self.options.activation == "sigmoid":
            scores = tf.sigmoid(scores)
        elif self.options.activation == "softmax":
            scores = tf.nn.softmax(scores)
        return {self.output: scores[:, 1:] if self.options.background else scores}

    @property
    def _columns(self) -> int:
        return self.classes + self.options.background


def classification(probe: Probe, options: TaskOptions) -> Classification:
    """Return the task for these outputs. Raise ``SourceError`` if none contains scores."""
    own = scores_among(probe)
    if own is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a classifier needs one output [N,C]; name it with --outputs scores=TENSOR; the "
            f"model's outputs: {listed(shapes)}"
        )
    values = probe[own].reshape(len(probe[own]), -1)
    output, notes = _meaning(own, values, options)
    classes = values.shape[1] - options.background
    return Classification(own, output, options, options.first_class or 0, classes, notes)


def scores_among(probe: Probe) -> str | None:
    """Return the output with a score for each class: by name, or the only one of that shape."""
    fitting = [name for name, value in probe.items() if name != _CLASSES and _holds_scores(value)]
    for name in CLASS_SCORES:
        if name in fitting:
            return name
    return fitting[0] if len(fitting) == 1 else None


def _holds_scores(value: np.ndarray) -> bool:
    """Accept ``[N, C]``, and ``[N, 1, 1, C]`` from fully convolutional classifiers."""
    is_flat = value.ndim >= 2 and all(size == 1 for size in value.shape[1:-1])
    return is_flat and value.dtype.kind == "f"


def _meaning(own: str, values: np.ndarray, options: TaskOptions) -> tuple[str, tuple[str, ...]]:
    """Return what the scores are: by activation, by name, or by what the values look like."""
    if options.activation != "none":
        return ("probabilities" if options.activation == "softmax" else "scores"), ()
    if own in CLASS_SCORES:
        return own, ()
    is_unit = bool((values >= 0).all() and (values <= 1).all())
    sums_to_one = is_unit and bool(np.abs(values.sum(axis=1) - 1).max() < _SUM_TOLERANCE)
    output = "probabilities" if sums_to_one else "scores" if is_unit else "logits"
    low, high = float(values.min()), float(values.max())
    note = (
        f"output {own} is served as {output}, because its values range from {low:.3g} to "
        f"{high:.3g}; override this with --outputs"
    )
    return output, (note,)
