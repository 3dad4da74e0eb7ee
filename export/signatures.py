"""The serving contract: the signatures that a SavedModel made here offers."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from export.detection import detect
from export.network import INPUT_SIZE, Detector, Tensor
from export.pictures import decode_batch


class Servable(tf.Module):
    """A detector with its description, as functions of fixed signatures.

    The weights are constants of the graph: folded, they cost fewer steps for each call than
    variables would, which a lone camera notices most.
    """

    def __init__(self, network: Detector, description: str) -> None:
        super().__init__()
        network.fold()
        # Held by a function, the network's variables are not saved a second time.
        self._infer = lambda pictures: detect(*network(pictures))
        self._description = description

    @tf.function(input_signature=[tf.TensorSpec([None, INPUT_SIZE, INPUT_SIZE, 3], tf.float32)])
    def _found(self, pictures: Tensor) -> dict[str, Tensor]:
        return self._infer(pictures)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "image")])
    def from_bytes(self, image: Tensor) -> dict[str, Tensor]:
        """Boxes in encoded pictures."""
        return self._found(decode_batch(image))

    @tf.function(
        input_signature=[tf.TensorSpec([None, INPUT_SIZE, INPUT_SIZE, 3], tf.uint8, "image")]
    )
    def from_pixels(self, image: Tensor) -> dict[str, Tensor]:
        """Boxes in pixels."""
        return self._found(tf.cast(image, tf.float32))

    @tf.function(input_signature=[])
    def describe(self) -> dict[str, Tensor]:
        """What the model is: a JSON object."""
        return {"description": tf.constant(self._description)}

    def signatures(self) -> dict[str, Any]:
        """The functions under the names that they are served by."""
        return {
            "serving_default": self.from_bytes,
            "serving_pixels": self.from_pixels,
            "describe": self.describe,
        }
