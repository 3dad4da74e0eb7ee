"""``--optimize``: constants instead of variables, and the same answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import SourceError
from export.serving.constants import with_constants
from export.serving.decoding import Canvas
from export.serving.signatures import Servable

SIDE = 8
PIXELS = tf.TensorSpec([None, SIDE, SIDE, 3], tf.float32)


class Normalized(tf.Module):
    """A convolution and a batch normalization, two outputs."""

    def __init__(self) -> None:
        super().__init__()
        random = np.random.default_rng(1)
        self.kernel = tf.Variable(random.normal(size=(3, 3, 3, 4)).astype(np.float32))
        self.mean, self.offset = (
            tf.Variable(random.normal(size=4).astype(np.float32)) for _ in range(2)
        )
        self.variance, self.scale = (
            tf.Variable(random.uniform(0.5, 2.0, 4).astype(np.float32)) for _ in range(2)
        )

    def __call__(self, images: Tensor) -> Outputs:
        found = tf.nn.conv2d(images / 255.0, self.kernel, 1, "SAME")
        found = tf.nn.batch_normalization(
            found, self.mean, self.variance, self.offset, self.scale, 1e-3
        )
        return {"scores": tf.reduce_mean(found, [1, 2]), "peaks": tf.reduce_max(found, [1, 2])}


def test_answers_stay_the_same_and_no_variable_is_saved(tmp_path: Path) -> None:
    model = Normalized()
    canvas = Canvas(SIDE, SIDE, False)
    plain = Servable(model, canvas, "{}", holds=[model])
    optimized = Servable(model, canvas, "{}", holds=[model], optimize=True)
    tf.saved_model.save(optimized, str(tmp_path), optimized.signatures())
    assert not tf.train.list_variables(str(tmp_path / "variables" / "variables"))[1:]
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_pixels"]
    pixels = np.random.default_rng(2).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    expected, found = plain.from_pixels(pixels), served(image=tf.constant(pixels))
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5)


def test_a_model_with_a_table_is_refused() -> None:
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant([0]), tf.constant([1.0])), 0.0
    )
    with pytest.raises(SourceError, match="--optimize: the model has tables"):
        with_constants(
            lambda images: {"y": table.lookup(tf.cast(images[:, 0, 0, 0], tf.int32))}, PIXELS
        )
