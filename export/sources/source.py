"""A trained model, loaded, whatever it was kept in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from export.sources.scaling import Scaling

Tensor = Any
"""A tf.Tensor; TensorFlow brings no types."""

Outputs = dict[str, Tensor]
"""A model's outputs by name."""


@dataclass(frozen=True)
class Restoration:
    """Which variables got their values from the source.

    restored: how many. missing: the model's variables that the source has no value for, which
    keep those they began with. unused: values of the source that the model does not need, those
    of the optimizer among them.
    """

    restored: int
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A trained model.

    origin: its name and SHA-256, for the description.
    input: dtype and shape of what `infer` takes: pictures [N, H, W, C], where N is None or a
        fixed size and H and W may be None, or encoded pictures (string [N]).
    infer: the model as part of a graph that is being built.
    reference: the model as it was trained, run at once; what a version is compared with.
    restoration: which variables were restored.
    described: what a description that it has says of it, by field.
    scaling: what the model does not say but its kind does; None: nothing is known.
    holds: objects whose variables, tables and files the graph needs.
    notes: what a user should know, a line each.
    """

    origin: str
    input: tf.TensorSpec
    infer: Callable[[Tensor], Outputs]
    reference: Callable[[Tensor], Outputs]
    restoration: Restoration
    described: Mapping[str, Any] = field(default_factory=dict)
    scaling: Scaling | None = None
    holds: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def takes_bytes(self) -> bool:
        """Whether it decodes pictures itself."""
        return self.input.dtype == tf.string
