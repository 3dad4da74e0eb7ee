"""Segmentation models: the class of each pixel."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import CLASS_MAP, Outputs, Tensor
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.orientation import is_channels_first, map_sizes
from export.tasks.task import Probe, Size, TaskOptions
from export.tasks.thinning import about, step_of

_NAME = re.compile(r"class_?map|segment|semantic", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """Where a source has its map.

    ``own``: its name for classes ``[N, H, W]`` or ``[N, H, W, 1]``, or for scores
    ``[N, H, W, columns]``. ``columns``: 0 for classes; 1 for the scores of one class, which a pixel
    has above ``threshold``. ``shape``: H and W. ``channels_first``: the source has
    ``[N, columns, H, W]``, or ``[N, 1, H, W]`` for classes.
    """

    own: str
    columns: int
    shape: Size
    threshold: float = 0.0
    channels_first: bool = False

    def classes(self, values: Tensor) -> Tensor:
        """Return the class of each pixel that is served, ``[N, H, W]``."""
        step = step_of(self.shape)
        values = tf.transpose(values, [0, 2, 3, 1]) if self.channels_first else values
        values = values[:, ::step, ::step]
        if self.columns > 1:
            return tf.argmax(values, axis=-1, output_type=tf.int32)
        values = values[..., 0] if values.shape.rank == 4 else values
        return values > self.threshold if self.columns else values


@dataclass(frozen=True)
class Segmentation:
    """A segmentation model. ``palette``: the colors of its classes."""

    layout: Layout
    first_class: int
    palette: tuple[str, ...]
    notes: tuple[str, ...] = ()

    name: str = "segmentation"
    labels: tuple[str, ...] = ()

    @property
    def classes(self) -> int | None:
        return {0: None, 1: 2}.get(self.layout.columns, self.layout.columns)

    @property
    def details(self) -> dict[str, Any]:
        return {"palette": list(self.palette)} if self.palette else {}

    def reads(self) -> Collection[str]:
        return (self.layout.own,)

    def __call__(self, outputs: Outputs, size: Tensor) -> Outputs:
        values = outputs[self.layout.own]
        is_short = values.dtype == tf.uint8 or 0 < self.layout.columns <= 256
        classes = self.layout.classes(values)
        return {CLASS_MAP: tf.cast(classes, tf.uint8 if is_short else tf.int32)}


def segmentation(probe: Probe, options: TaskOptions, size: Size | None) -> Segmentation:
    """Return the task for these outputs. Raise ``SourceError`` if none is a map.

    ``size``: height and width of the model's input, if they are fixed.
    """
    layout = map_among(probe, options, size)
    if layout is None:
        shapes = [f"{name} {list(value.shape)}" for name, value in sorted(probe.items())]
        raise SourceError(
            "a segmentation model needs one output: classes [N,H,W], which are integers, or scores "
            "[N,H,W,C]; select it with --outputs class_map=TENSOR; the model's outputs: "
            f"{listed(shapes)}"
        )
    first = 0 if layout.columns else options.first_class or 0
    found = Segmentation(layout, first, options.palette or (), _notes(layout, options))
    if found.palette and found.classes not in (None, len(found.palette)):
        raise SourceError(
            f"the palette has {len(found.palette)} colors for {found.classes} classes"
        )
    return found


def map_among(probe: Probe, options: TaskOptions, size: Size | None) -> Layout | None:
    """Return where the map is: by name, otherwise by the size of the model's input."""
    layouts = [
        layout
        for name, value in probe.items()
        if (layout := _layout(name, value, options, size)) is not None
    ]
    named = [layout for layout in layouts if _NAME.search(layout.own)]
    if len(named or layouts) != 1:
        return None
    [layout] = named or layouts
    is_asked = options.task == "segmentation"
    return layout if named or is_asked or _fits(layout, probe, size) else None


def _layout(name: str, value: np.ndarray, options: TaskOptions, size: Size | None) -> Layout | None:
    first = is_channels_first(value.shape, size)
    layout = _in_rows(name, np.moveaxis(value, 1, -1) if first else value, options)
    return layout and replace(layout, channels_first=first)


def _in_rows(name: str, value: np.ndarray, options: TaskOptions) -> Layout | None:
    """Return the layout of ``[N, H, W]`` or ``[N, H, W, columns]``."""
    rank, is_flat = value.ndim, value.shape[3:] in ((), (1,))
    if rank not in (3, 4):
        return None
    shape = (value.shape[1], value.shape[2])
    if is_flat and (value.dtype.kind in "biu" or (rank == 3 and _is_whole(value))):
        return Layout(name, 0, shape)
    if rank != 4 or value.dtype.kind != "f":
        return None
    is_unit = bool((value >= 0).all() and (value <= 1).all()) and options.activation == "none"
    return Layout(name, value.shape[3], shape, 0.5 if is_unit else 0.0)


def _is_whole(value: np.ndarray) -> bool:
    return value.dtype.kind == "f" and bool((value == np.round(value)).all())


def _fits(layout: Layout, probe: Probe, size: Size | None) -> bool:
    """Return whether a map has the input's size or, if it has classes, a fraction of it.

    Of scores, three columns are more likely a picture, and other outputs say that they are
    something else.
    """
    if size is None:
        return False
    if layout.columns:
        return layout.shape == size and layout.columns not in (1, 3) and len(probe) == 1
    is_integer = probe[layout.own].dtype.kind in "iu"
    return is_integer and layout.shape in map_sizes(size)


def _notes(layout: Layout, options: TaskOptions) -> tuple[str, ...]:
    what = f"the scores of {layout.columns} classes for each pixel"
    if layout.columns == 1:
        what = f"the score of one class, which a pixel has above {layout.threshold:g}"
    elif layout.columns == 0:
        what = "the class of each pixel"
    why = "--task" if options.task else "its name" if _NAME.search(layout.own) else "its shape"
    height, width = layout.shape
    note = (
        f"{layout.own}, {width}x{height}, is read as {what}, because of {why}; --task tensors "
        "serves it as it is"
    )
    return (note, *about(layout.own, layout.shape))
