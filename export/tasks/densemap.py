"""Models that give each pixel a value, such as its depth."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import DENSE_MAP, Outputs, Tensor
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.task import Probe, Size, TaskOptions
from export.tasks.thinning import about, step_of

_NAME = re.compile(r"depth(?!_?wise|_?to_?space)|disparity|dense_?map|height_?map", re.IGNORECASE)


@dataclass(frozen=True)
class DenseMap:
    """A model with a value for each pixel.

    ``own``: the source's name for ``[N, H, W]``, ``[N, H, W, 1]`` or ``[N, 1, H, W]``. ``shape``: H
    and W.
    ``unit``: of the values.
    """

    own: str
    shape: Size
    unit: str
    notes: tuple[str, ...] = ()

    name: str = "map"
    first_class: int = 0
    classes: int | None = None
    labels: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, Any]:
        return {"unit": self.unit}

    def reads(self) -> Collection[str]:
        return (self.own,)

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        values = tf.cast(outputs[self.own], tf.float32)
        values = tf.reshape(values, [-1, *self.shape])
        step = step_of(self.shape)
        return {DENSE_MAP: values[:, ::step, ::step]}


def dense_map(probe: Probe, options: TaskOptions) -> DenseMap:
    """Return the task for these outputs. Raise ``SourceError`` if none is a map."""
    own = map_among(probe, options.task == "map")
    if own is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a map needs one output [N,H,W], [N,H,W,1] or [N,1,H,W]; select it with --outputs "
            f"dense_map=TENSOR; the model's outputs: {listed(shapes)}"
        )
    height, width = _sides(probe[own].shape)
    size = f"{width}x{height}"
    why = f"{own}, {size}, is read as a map, because of its name; override this with --task"
    notes = (*(() if options.task else (why,)), *about(own, (height, width)))
    return DenseMap(own, (height, width), options.unit, notes)


def map_among(probe: Probe, is_asked: bool = False) -> str | None:
    """Return the output with a value for each pixel: by name, or any if the user asks for it."""
    maps = [name for name, value in probe.items() if _holds_values(value)]
    named = [name for name in maps if _NAME.search(name)]
    fitting = named or (maps if is_asked else [])
    return fitting[0] if len(fitting) == 1 else None


def _holds_values(value: np.ndarray) -> bool:
    if value.dtype.kind != "f" or value.ndim not in (3, 4):
        return False
    return value.shape[3:] in ((), (1,)) or value.shape[1] == 1


def _sides(shape: tuple[int, ...]) -> Size:
    """Return H and W."""
    is_first = len(shape) == 4 and shape[3] != 1
    return (shape[2], shape[3]) if is_first else (shape[1], shape[2])
