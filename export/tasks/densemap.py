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

_NAME = re.compile(r"depth|disparity|dense_?map|height_?map", re.IGNORECASE)


@dataclass(frozen=True)
class DenseMap:
    """A model with a value for each pixel.

    ``own``: the source's name for ``[N, H, W]`` or ``[N, H, W, 1]``. ``shape``: H and W.
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
        values = values[..., 0] if values.shape.rank == 4 else values
        step = step_of(self.shape)
        return {DENSE_MAP: values[:, ::step, ::step]}


def dense_map(probe: Probe, options: TaskOptions) -> DenseMap:
    """Return the task for these outputs. Raise ``SourceError`` if none is a map."""
    own = map_among(probe, options.task == "map")
    if own is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a map needs one output [N,H,W] or [N,H,W,1]; select it with --outputs "
            f"dense_map=TENSOR; the model's outputs: {listed(shapes)}"
        )
    height, width = probe[own].shape[1:3]
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
    return value.dtype.kind == "f" and value.ndim in (3, 4) and value.shape[3:] in ((), (1,))
