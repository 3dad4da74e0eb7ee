"""Classifiers: a score for each class, or for the best classes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import CLASS_SCORES, SCORED_CLASSES, Outputs, Tensor
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.ranking import classes_among, is_ranking
from export.tasks.task import PlainTask, Probe, TaskOptions

_SUM_TOLERANCE = 1e-3
_COARSE_TOLERANCE = 0.02
_MULTI_LABEL_HINT = "; if a picture can have several of the classes, add --multi-label"


@dataclass(frozen=True)
class Classification(PlainTask):
    """A classifier.

    ``own``: the source's name for the scores. ``own_classes``: its name for the class of each
    score; None if there is a score for each class, in order. ``output``: one of
    ``contract.CLASS_SCORES``. ``columns``: how many scores the source has for an image. ``named``:
    its classes are texts, which clients get as labels.
    """

    own: str
    own_classes: str | None
    output: str
    options: TaskOptions
    columns: int
    notes: tuple[str, ...] = ()
    named: bool = False

    name: str = "classification"

    @property
    def first_class(self) -> int:
        return self.options.first_class or 0

    @property
    def classes(self) -> int | None:
        return self.columns - self.options.background if self.own_classes is None else None

    @property
    def details(self) -> dict[str, Any]:
        return {"multi_label": True} if self.options.multi_label else {}

    def reads(self) -> Collection[str]:
        return [name for name in (self.own, self.own_classes) if name is not None]

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        scores = tf.cast(outputs[self.own], tf.float32)
        scores = self._flat(scores)
        if self.options.activation == "sigmoid":
            scores = tf.sigmoid(scores)
        elif self.options.activation == "softmax":
            scores = tf.nn.softmax(scores)
        if self.own_classes is None:
            return {self.output: scores[:, 1:] if self.options.background else scores}
        classes = self._flat(outputs[self.own_classes])
        if classes.dtype != tf.string:
            classes = tf.cast(classes, tf.int64)
        return {self.output: scores, SCORED_CLASSES: classes}

    def _flat(self, values: Tensor) -> Tensor:
        return tf.reshape(values, [tf.shape(values)[0], self.columns])


def classification(probe: Probe, options: TaskOptions) -> Classification:
    """Return the task for these outputs. Raise ``SourceError`` if none contains scores."""
    own = scores_among(probe)
    if own is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a classifier needs one output [N,C]; name it with --outputs scores=TENSOR; the "
            f"model's outputs: {listed(shapes)}"
        )
    classes = classes_among(probe, own)
    if classes is not None and options.background:
        raise SourceError(
            f"--background is for a column of scores; {own} are those of the classes in {classes}"
        )
    values = probe[own].reshape(len(probe[own]), -1)
    options, about = _independent(own, values, options)
    output, notes = _meaning(own, values, options)
    notes += about
    if classes is None:
        notes += _about_ranking(own, values)
        return Classification(own, None, output, options, values.shape[1], notes)
    named = probe[classes].dtype.kind in "OSU"
    notes += (f"the classes in {classes} are texts, which clients get as labels",) if named else ()
    return Classification(own, classes, output, options, values.shape[1], notes, named)


def scores_among(probe: Probe) -> str | None:
    """Return the output with scores: by name, or the only one of that shape.

    Of a ranking, these are the scores, even if its classes are floats as well.
    """
    fitting = [n for n, value in probe.items() if n != SCORED_CLASSES and _holds_scores(value)]
    fitting += [name for name in CLASS_SCORES if _is_best(probe, name)]
    for name in CLASS_SCORES:
        if name in fitting:
            return name
    ranked = [name for name in fitting if classes_among(probe, name) is not None]
    fitting = ranked or fitting
    return fitting[0] if len(fitting) == 1 else None


def _holds_scores(value: np.ndarray) -> bool:
    """Accept ``[N, C]``, and ``[N, 1, 1, C]`` from fully convolutional classifiers."""
    is_flat = value.ndim >= 2 and all(size == 1 for size in value.shape[1:-1])
    return is_flat and value.dtype.kind == "f"


def _is_best(probe: Probe, name: str) -> bool:
    """Return whether ``[N]`` are the scores of the best classes, beside these classes."""
    scores, classes = probe.get(name), probe.get(SCORED_CLASSES)
    if scores is None or classes is None or scores.dtype.kind != "f":
        return False
    return scores.ndim == 1 and scores.shape == classes.shape


_SHORTEST_RANKING = 3


def _about_ranking(own: str, values: np.ndarray) -> tuple[str, ...]:
    """Return a warning if the scores look like a ranking whose classes were not named."""
    if values.shape[1] < _SHORTEST_RANKING or len(values) < 2 or not is_ranking(values):
        return ()
    return (
        f"{own} is in descending order for every image: if it is a ranking, name its classes with "
        "--outputs classes=NAME, because clients take a score's place for its class",
    )


def _independent(
    own: str, values: np.ndarray, options: TaskOptions
) -> tuple[TaskOptions, tuple[str, ...]]:
    """Return the options with the activation that independent scores need, and a note about it."""
    if not options.multi_label:
        return options, ()
    if options.activation == "softmax":
        raise SourceError("--multi-label has independent scores: use --activation sigmoid")
    if options.activation == "sigmoid" or _is_unit(values):
        return options, ()
    note = f"a sigmoid is applied to {own}, because its values leave 0..1"
    return replace(options, activation="sigmoid"), (note,)


def _is_unit(values: np.ndarray) -> bool:
    return bool((values >= 0).all() and (values <= 1).all())


def _is_bfloat16(values: np.ndarray) -> bool:
    """Return whether the values have no more digits than bfloat16."""
    return values.dtype == np.float32 and not (values.astype("<f4").view("<u4") & 0xFFFF).any()


def _meaning(own: str, values: np.ndarray, options: TaskOptions) -> tuple[str, tuple[str, ...]]:
    """Return what the scores are: by activation, by name, or by what the values look like."""
    if options.activation != "none":
        return ("probabilities" if options.activation == "softmax" else "scores"), ()
    if own in CLASS_SCORES:
        return own, ()
    is_unit = _is_unit(values)
    tolerance = _COARSE_TOLERANCE if _is_bfloat16(values) else _SUM_TOLERANCE
    sums_to_one = is_unit and bool(np.abs(values.sum(axis=1) - 1).max() < tolerance)
    output = "probabilities" if sums_to_one else "scores" if is_unit else "logits"
    low, high = float(values.min()), float(values.max())
    note = (
        f"output {own} is served as {output}, because its values range from {low:.3g} to "
        f"{high:.3g}; override this with --outputs"
        f"{_MULTI_LABEL_HINT if output == 'scores' and not options.multi_label else ''}"
    )
    return output, (note,)
