"""A trained model that has been loaded, whatever it was stored in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.sources.scaling import INTEGERS, Scaling, named


@dataclass(frozen=True)
class Restoration:
    """Which variables were restored from the source.

    ``restored``: how many. ``missing``: variables of the model for which the source has no value;
    they keep their initial values. ``unused``: values in the source that the model does not need,
    such as the optimizer's.
    """

    restored: int
    missing: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A trained model.

    ``made_from``: its name and SHA-256, for the description.
    ``input``: the dtype and shape that ``infer`` takes: images ``[N, H, W, C]``, where ``N`` is
    None or fixed and ``H`` and ``W`` may be None, or encoded images (string ``[N]``).
    ``infer``: the model as part of a graph under construction.
    ``reference``: the model as it was trained, executed immediately; versions are compared to it.
    ``restoration``: which variables were restored.
    ``described``: the fields of its own description, if it has one.
    ``scaling``: how pixels must be scaled, if the source or its kind implies it.
    ``holds``: objects that own the variables, tables and assets of the graph.
    ``left_out``: names of its outputs that ``--outputs`` does not select.
    ``dropout``: what turns off the dropout that is part of its graph, as ``--feed`` takes it.
    ``notes``: remarks for the user, one line each.
    """

    made_from: str
    input: tf.TensorSpec
    infer: Callable[[Tensor], Outputs]
    reference: Callable[[Tensor], Outputs]
    restoration: Restoration
    described: Mapping[str, Any] = field(default_factory=dict)
    scaling: Scaling | None = None
    holds: tuple[Any, ...] = ()
    left_out: tuple[str, ...] = ()
    dropout: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def takes_bytes(self) -> bool:
        """Whether the model decodes images itself."""
        return bool(self.input.dtype == tf.string)


def scale_notes(source: Source, scale: str | None) -> tuple[str, ...]:
    """Return a remark on ``--scale``, if the source takes pixels that are scaled in another way."""
    if scale is None or source.takes_bytes:
        return ()
    if source.input.dtype in INTEGERS and scale == "none":
        return ()
    if source.input.dtype in INTEGERS:
        words = f"the model takes {source.input.dtype.name} pixels in 0..255"
        return (f"{words}, of which --scale {scale} would leave nothing: it is not applied",)
    if source.scaling is None or str(source.scaling) == str(named(scale, source.scaling.bgr)):
        return ()
    own = "pixels in 0..255, which it scales itself"
    implied = own if str(source.scaling) == str(Scaling()) else str(source.scaling)
    return (f"--scale {scale} replaces what the model expects: {implied}",)
