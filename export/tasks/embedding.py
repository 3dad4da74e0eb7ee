"""Models that turn an image into a vector, for search, faces and clustering."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from export.contract import CLASS_SCORES, EMBEDDING, Outputs, Tensor
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.classification import scores_among
from export.tasks.task import PlainTask, Probe, TaskOptions

MAX_VALUES = 4096
"""Of the longest vector that a gateway takes."""
_NAME = re.compile(r"embed|feature_?vector", re.IGNORECASE)


@dataclass(frozen=True)
class Embedding(PlainTask):
    """A model whose answer is a vector.

    ``own``: the source's name for ``[N, values]``, or ``[N, 1, 1, values]``. ``is_normalized``:
    vectors are served with a length of 1.
    """

    own: str
    values: int
    is_normalized: bool
    notes: tuple[str, ...] = ()

    name: str = "embedding"
    first_class: int = 0
    classes: int | None = None

    def reads(self) -> Collection[str]:
        return (self.own,)

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        vectors = tf.cast(outputs[self.own], tf.float32)
        vectors = tf.reshape(vectors, [tf.shape(vectors)[0], self.values])
        return {EMBEDDING: tf.math.l2_normalize(vectors, 1) if self.is_normalized else vectors}


def embedding(probe: Probe, options: TaskOptions) -> Embedding:
    """Return the task for these outputs. Raise ``SourceError`` if none is a vector."""
    vectors = [name for name, value in probe.items() if _holds_vectors(value)]
    named = [name for name in vectors if _NAME.search(name)]
    if len(named or vectors) != 1:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "an embedding needs one output [N,D]; select it with --outputs embedding=TENSOR; the "
            f"model's outputs: {listed(shapes)}"
        )
    [own] = named or vectors
    count = probe[own][0].size
    if count > MAX_VALUES:
        raise SourceError(f"{own} has {count} values; an embedding may have {MAX_VALUES}")
    return Embedding(own, count, options.normalize, _notes(own, count, options))


def is_embedding(probe: Probe) -> bool:
    """Return whether what could be scores is called an embedding."""
    own = scores_among(probe)
    return own is not None and own not in CLASS_SCORES and _NAME.search(own) is not None


def _holds_vectors(value: np.ndarray) -> bool:
    return value.dtype.kind == "f" and value.ndim >= 2 and set(value.shape[1:-1]) <= {1}


def _notes(own: str, count: int, options: TaskOptions) -> tuple[str, ...]:
    if options.task:
        return ()
    return (
        f"{own} [{count}] is read as an embedding, because of its name; --task classification "
        "serves it as scores",
    )
