"""The serving contract: the signatures that a SavedModel made here offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from export.serving.decoding import Canvas, decode, decode_batch, decode_whole

Tensor = Any
Outputs = dict[str, Tensor]
Model = Callable[[Tensor], Outputs]
"""RGB pixels, float32 [N, H, W, 3] in 0..255, to the contract's outputs; boxes are in 0..1 of those
pixels."""

BYTES = "serving_default"
PIXELS = "serving_pixels"
DESCRIBE = "describe"
BOXES = "detection_boxes"

_AT_ONCE = 4
"""Pictures of a batch that a model which takes one at a time may be run on at the same time."""


class Described(tf.Module):
    """Whatever says what it is."""

    def __init__(self, description: str, holds: Sequence[Any]) -> None:
        super().__init__()
        self._holds = list(holds)
        self._description = description

    @tf.function(input_signature=[])
    def describe(self) -> Outputs:
        """What the model is: a JSON object."""
        return {"description": tf.constant(self._description)}

    def signatures(self) -> dict[str, Any]:
        """The functions under the names that they are served by."""
        return {DESCRIBE: self.describe}


class Servable(Described):
    """A model that takes pixels, with its description, as functions of fixed signatures.

    canvas: what pictures are drawn on; None if each keeps its own size, which needs `batch` 1.
    batch: the model's batch size if it is fixed. At 1, `from_bytes` takes any number all the same
    and runs the model for each. holds: what has the model's variables.
    """

    def __init__(
        self,
        model: Model,
        canvas: Canvas | None,
        description: str,
        batch: int | None = None,
        holds: Sequence[Any] = (),
    ) -> None:
        super().__init__(description, holds)
        self._canvas = canvas
        self._alone = batch == 1
        sides = (canvas.height, canvas.width) if canvas else (None, None)
        shape = [batch, *sides, 3]
        # Both signatures go through this one function, so the weights are stored once.
        self._found = tf.function(model, input_signature=[tf.TensorSpec(shape, tf.float32)])
        encoded = tf.TensorSpec([None if self._alone else batch], tf.string, "image")
        pixels = tf.TensorSpec(shape, tf.uint8, "image")
        self.from_bytes = tf.function(self._from_bytes, input_signature=[encoded])
        self.from_pixels = tf.function(self._from_pixels, input_signature=[pixels])

    def signatures(self) -> dict[str, Any]:
        return {BYTES: self.from_bytes, PIXELS: self.from_pixels, **super().signatures()}

    def _from_bytes(self, image: Tensor) -> Outputs:
        """Answers for encoded pictures."""
        if self._alone:
            return self._one_by_one(image)
        assert self._canvas is not None
        pixels, places = decode_batch(image, self._canvas)
        return self._on_frames(self._found(pixels), places)

    def _from_pixels(self, image: Tensor) -> Outputs:
        """Answers for pixels; boxes are of the pixels, bars and all."""
        return self._found(tf.cast(image, tf.float32))

    def _one_by_one(self, image: Tensor) -> Outputs:
        answers = self._found.get_concrete_function().structured_outputs
        rows = {name: tf.TensorSpec(spec.shape[1:], spec.dtype) for name, spec in answers.items()}
        return tf.map_fn(self._row, image, fn_output_signature=rows, parallel_iterations=_AT_ONCE)

    def _row(self, encoded: Tensor) -> Outputs:
        if self._canvas is None:
            found = self._found(decode_whole(encoded)[None])
        else:
            pixels, place = decode(encoded, self._canvas)
            found = self._on_frames(self._found(pixels[None]), place[None])
        return {name: values[0] for name, values in found.items()}

    def _on_frames(self, found: Outputs, places: Tensor) -> Outputs:
        if self._canvas is None or not self._canvas.letterbox or BOXES not in found:
            return found
        return {**found, BOXES: on_frames(found[BOXES], places)}


class EncodedServable(Described):
    """A model that decodes pictures itself: string [N], or a fixed number, to its outputs."""

    def __init__(
        self, model: Model, description: str, batch: int | None, holds: Sequence[Any] = ()
    ) -> None:
        super().__init__(description, holds)
        spec = tf.TensorSpec([batch], tf.string, "image")
        self.from_bytes = tf.function(model, input_signature=[spec])

    def signatures(self) -> dict[str, Any]:
        return {BYTES: self.from_bytes, **super().signatures()}


def on_frames(boxes: Tensor, places: Tensor) -> Tensor:
    """Boxes [N, K, 4] of the canvas, as boxes of the pictures that lie at `places` [N, 4] on it:
    ymin, xmin, ymax, xmax in 0..1, cut at the picture's sides."""
    corner, size = places[:, None, :2], places[:, None, 2:]
    moved = (boxes - tf.concat([corner, corner], -1)) / tf.concat([size, size], -1)
    return tf.clip_by_value(moved, 0.0, 1.0)
