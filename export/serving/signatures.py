"""The signatures of a version, as docs/model-contract.md defines them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from export.contract import (
    BOXES,
    BYTES,
    CLASS_MAP,
    CORNERS,
    DENSE_MAP,
    DESCRIBE,
    KEYPOINTS,
    MASKS,
    PIXELS,
    POSES,
    Outputs,
    Tensor,
)
from export.serving.constants import with_constants
from export.serving.decoding import Canvas, decode, decode_at_own_size, decode_batch
from export.tasks.boxmasks import refitted

Model = Callable[[Tensor], Outputs]
"""Convert RGB float32 ``[N, H, W, 3]`` in 0..255 to the contract's outputs.

Boxes are in 0..1 of those pixels.
"""

_PARALLEL = 4
"""The number of images of a batch on which a model of batch size 1 runs at the same time."""


class DescribedModule(tf.Module):
    """A module with a description. ``holds``: the objects that own the model's variables."""

    def __init__(self, description: str, holds: Sequence[Any]) -> None:
        super().__init__()
        self._holds = list(holds)
        self._description = description

    @tf.function(input_signature=[], autograph=False)
    def describe(self) -> Outputs:
        """Return the description: a JSON object."""
        return {"description": tf.constant(self._description)}

    def signatures(self) -> dict[str, Any]:
        """Return the functions by the names under which they are served."""
        return {DESCRIBE: self.describe}


class Servable(DescribedModule):
    """A model that takes pixels.

    ``canvas``: the model's input; None if each image keeps its own size, which needs ``batch`` 1.
    ``batch``: the model's batch size if it is fixed. If it is 1, ``from_bytes`` still takes any
    number of images and runs the model for each. ``optimize``: with constants for variables.
    """

    def __init__(
        self,
        model: Model,
        canvas: Canvas | None,
        description: str,
        batch: int | None = None,
        holds: Sequence[Any] = (),
        optimize: bool = False,
    ) -> None:
        super().__init__(description, () if optimize else holds)
        self._canvas = canvas
        self._one_by_one = batch == 1
        size = (canvas.height, canvas.width) if canvas else (None, None)
        shape = [batch, *size, 3]
        floats = tf.TensorSpec(shape, tf.float32)
        # Both signatures call this one function, so the weights are stored once.
        self._infer = _graph(with_constants(model, floats) if optimize else model, floats)
        encoded = tf.TensorSpec([None if self._one_by_one else batch], tf.string, "image")
        pixels = tf.TensorSpec(shape, tf.uint8, "image")
        self.from_bytes = _graph(self._from_bytes, encoded)
        self.from_pixels = _graph(self._from_pixels, pixels)

    def signatures(self) -> dict[str, Any]:
        return {BYTES: self.from_bytes, PIXELS: self.from_pixels, **super().signatures()}

    def _from_bytes(self, image: Tensor) -> Outputs:
        if self._one_by_one:
            return self._map(image)
        assert self._canvas is not None
        pixels, placements = decode_batch(image, self._canvas)
        return relative_to_images(self._infer(pixels), self._canvas, placements)

    def _from_pixels(self, image: Tensor) -> Outputs:
        """Return boxes relative to the pixels, including any letterbox bars."""
        outputs: Outputs = self._infer(tf.cast(image, tf.float32))
        return outputs

    def _map(self, image: Tensor) -> Outputs:
        specs = self._infer.get_concrete_function().structured_outputs
        rows = {name: tf.TensorSpec(spec.shape[1:], spec.dtype) for name, spec in specs.items()}
        outputs: Outputs = tf.map_fn(
            self._row, image, fn_output_signature=rows, parallel_iterations=_PARALLEL
        )
        return outputs

    def _row(self, encoded: Tensor) -> Outputs:
        if self._canvas is None:
            outputs = self._infer(decode_at_own_size(encoded)[None])
        else:
            pixels, placement = decode(encoded, self._canvas)
            outputs = relative_to_images(self._infer(pixels[None]), self._canvas, placement[None])
        return {name: values[0] for name, values in outputs.items()}


class EncodedServable(DescribedModule):
    """A model that decodes images itself: string ``[N]``, or a fixed number, to its outputs."""

    def __init__(
        self,
        model: Model,
        description: str,
        batch: int | None,
        holds: Sequence[Any] = (),
        optimize: bool = False,
    ) -> None:
        super().__init__(description, () if optimize else holds)
        spec = tf.TensorSpec([batch], tf.string, "image")
        self.from_bytes = _graph(with_constants(model, spec) if optimize else model, spec)

    def signatures(self) -> dict[str, Any]:
        return {BYTES: self.from_bytes, **super().signatures()}


def _graph(function: Callable[..., Any], spec: tf.TensorSpec) -> Any:
    """Return a ``tf.function`` of one argument.

    AutoGraph would rewrite every function that it calls, which takes seconds; none of them
    branches on a tensor. A source whose code may wraps it in a ``tf.function`` of its own.
    """
    return tf.function(function, input_signature=[spec], autograph=False)


def relative_to_images(outputs: Outputs, canvas: Canvas | None, placements: Tensor) -> Outputs:
    """Convert boxes, keypoints, poses and maps on the canvas to those of the images drawn on it.

    ``placements``: ``[N, 4]``, see ``Canvas.placement``.
    """
    if canvas is None or not canvas.letterbox:
        return outputs
    moved = {name: _moved(name, values, placements) for name, values in outputs.items()}
    return _with_masks(outputs, moved, placements)


def _with_masks(outputs: Outputs, moved: Outputs, placements: Tensor) -> Outputs:
    """Return ``moved`` with the masks of what is left of its boxes within the image."""
    boxes, masks = outputs.get(BOXES), outputs.get(MASKS)
    if boxes is None or masks is None or (boxes.shape.rank, masks.shape.rank) != (3, 4):
        return moved
    drawn = _unclipped(boxes, placements)
    return {**moved, MASKS: refitted(masks, drawn, moved[BOXES])}


def _moved(name: str, values: Tensor, placements: Tensor) -> Tensor:
    """Convert one output if it is the contract's; a model of raw tensors may use its names."""
    rank, convert = _MOVES.get(name, (None, None))
    return convert(values, placements) if convert and values.shape.rank == rank else values


def _points_to_image(points: Tensor, placements: Tensor) -> Tensor:
    """Do for points ``[N, K, P, 2]``, y and x, what ``canvas_to_image`` does for boxes."""
    return tf.clip_by_value(_corners_to_image(points, placements), 0.0, 1.0)


def _corners_to_image(corners: Tensor, placements: Tensor) -> Tensor:
    """Do the same for corners ``[N, K, 4, 2]``, without clipping, which would bend their boxes."""
    corner, size = placements[:, None, None, :2], placements[:, None, None, 2:]
    return (corners - corner) / size


def canvas_to_image(boxes: Tensor, placements: Tensor) -> Tensor:
    """Convert boxes ``[N, K, 4]`` on the canvas to boxes of the images drawn on it.

    ``placements``: ``[N, 4]``, see ``Canvas.placement``. The result is ymin, xmin, ymax, xmax,
    clipped to 0..1.
    """
    return tf.clip_by_value(_unclipped(boxes, placements), 0.0, 1.0)


def _unclipped(boxes: Tensor, placements: Tensor) -> Tensor:
    corner, size = placements[:, None, :2], placements[:, None, 2:]
    return (boxes - tf.concat([corner, corner], -1)) / tf.concat([size, size], -1)


def _poses_to_image(poses: Tensor, placements: Tensor) -> Tensor:
    """Do the same for poses ``[N, P, K, 3]``, without clipping: a point may be outside."""
    corner, size = placements[:, None, None, :2], placements[:, None, None, 2:]
    return tf.concat([(poses[..., :2] - corner) / size, poses[..., 2:]], axis=-1)


def _map_to_image(pixels: Tensor, placements: Tensor) -> Tensor:
    """Stretch the part of each map ``[N, H, W]`` that an image covers over the whole map."""
    moved = tf.gather(pixels, _covered(pixels, placements, 0), axis=1, batch_dims=1)
    return tf.gather(moved, _covered(pixels, placements, 1), axis=2, batch_dims=1)


def _covered(pixels: Tensor, placements: Tensor, axis: int) -> Tensor:
    """Return which rows (axis 0) or columns of a map show each row or column of an image."""
    size = tf.shape(pixels)[axis + 1]
    centers = (tf.range(tf.cast(size, tf.float32)) + 0.5) / tf.cast(size, tf.float32)
    start, length = placements[:, axis, None], placements[:, axis + 2, None]
    indices = tf.floor((start + centers * length) * tf.cast(size, tf.float32))
    return tf.minimum(tf.cast(indices, tf.int32), size - 1)


_MOVES = {
    BOXES: (3, canvas_to_image),
    KEYPOINTS: (4, _points_to_image),
    CORNERS: (4, _corners_to_image),
    POSES: (4, _poses_to_image),
    CLASS_MAP: (3, _map_to_image),
    DENSE_MAP: (3, _map_to_image),
}
"""The outputs that lie on the canvas: their ranks, and how they are converted."""
