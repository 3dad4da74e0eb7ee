"""Models as Keras 2 users write them, and the files that Keras 2 makes of them.

``tf.keras`` is Keras 2 in ``python -m tests.export.keras2_models FOLDER``, which writes the files,
and Keras 3 where a test has a function build the model again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

SIDE = 16


def images() -> np.ndarray:
    """Return the images that the files' predictions are of: float32 ``[3, 16, 16, 3]``."""
    return np.random.default_rng(1).random((3, SIDE, SIDE, 3), np.float32)


def _classifier(body: Callable[[Any, Any], Any]) -> Any:
    k = tf.keras
    image = k.Input((SIDE, SIDE, 3))
    features = k.layers.GlobalAveragePooling2D()(body(k, image))
    return k.Model(image, k.layers.Dense(3, activation="softmax")(features))


def plain() -> Any:
    return _classifier(lambda k, x: k.layers.Conv2D(4, 3, activation="relu")(x))


def sequential() -> Any:
    k = tf.keras
    return k.Sequential(
        [
            k.layers.BatchNormalization(input_shape=(SIDE, SIDE, 3)),
            k.layers.Conv2D(4, 3),
            k.layers.Activation("relu"),
            k.layers.Dropout(0.5),
            k.layers.Flatten(),
            k.layers.Dense(3),
        ]
    )


def two_levels() -> Any:
    """Return a model as Teachable Machine builds it."""
    k = tf.keras
    image = k.Input((SIDE, SIDE, 3))
    features = k.Model(image, k.layers.Conv2D(4, 3, activation="relu")(image))
    pooled = k.Sequential([features, k.layers.GlobalAveragePooling2D()])
    classes = k.Sequential([k.layers.Dense(5, input_shape=(4,)), k.layers.Dense(3)])
    return k.Sequential([pooled, classes])


def depthwise() -> Any:
    return _classifier(
        lambda k, x: k.layers.DepthwiseConv2D(3, depth_multiplier=2, dilation_rate=2)(x)
    )


def separable() -> Any:
    return _classifier(lambda k, x: k.layers.SeparableConv2D(4, 3, padding="same")(x))


def transposed() -> Any:
    return _classifier(lambda k, x: k.layers.Conv2DTranspose(4, 3, strides=2, output_padding=1)(x))


def grouped() -> Any:
    def body(k: Any, x: Any) -> Any:
        return k.layers.Conv2D(4, 3, groups=2)(k.layers.Conv2D(4, 1)(x))

    return _classifier(body)


def activations() -> Any:
    """Return the values of each kind, undisguised by further layers."""
    k = tf.keras
    image = k.Input((SIDE, SIDE, 3))
    shifted = k.layers.Rescaling(8.0, offset=-4.0)(image)
    kinds = (
        k.layers.ReLU(max_value=2.0, negative_slope=0.1),
        k.layers.Activation("hard_sigmoid"),
        k.layers.LeakyReLU(0.2),
        k.layers.PReLU(shared_axes=[1, 2]),
        k.layers.ELU(0.5),
        k.layers.Conv2D(3, 1, activation=tf.nn.relu6),
        k.layers.Conv2D(3, 1, activation="swish"),
        k.layers.Conv2D(3, 1, activation="gelu"),
        k.layers.Softmax(axis=-1),
    )
    return k.Model(image, k.layers.Concatenate()([kind(shifted) for kind in kinds]))


def thresholded() -> Any:
    k = tf.keras
    image = k.Input((SIDE, SIDE, 3))
    x = k.layers.ThresholdedReLU(0.3)(image)
    return k.Model(image, k.layers.Dense(3)(k.layers.Flatten()(x)))


def local() -> Any:
    """Return a model with a layer that Keras 3 lacks."""

    def body(k: Any, x: Any) -> Any:
        return k.layers.LocallyConnected2D(3, 3, strides=2)(x)

    return _classifier(body)


def initializers() -> Any:
    def body(k: Any, x: Any) -> Any:
        for start in (
            k.initializers.RandomNormal(0.0, 0.1),
            k.initializers.TruncatedNormal(seed=3),
            k.initializers.VarianceScaling(2.0, "fan_out"),
            k.initializers.HeUniform(),
            k.initializers.Orthogonal(),
        ):
            x = k.layers.Conv2D(
                4, 3, kernel_initializer=start, kernel_regularizer="l2", bias_constraint="NonNeg"
            )(x)
        return x

    return _classifier(body)


def squeezed() -> Any:
    def body(k: Any, x: Any) -> Any:
        x = k.layers.Conv2D(4, 3, padding="same")(x)
        weights = k.layers.GlobalAveragePooling2D(keepdims=True)(x)
        weights = k.layers.Dense(4, activation="sigmoid")(weights)
        x = k.layers.Multiply()([x, weights])
        x = k.layers.Concatenate()([x, k.layers.ZeroPadding2D(1)(k.layers.Cropping2D(1)(x))])
        x = k.layers.UpSampling2D(2, interpolation="bilinear")(x)
        return k.layers.MaxPooling2D()(x)

    return _classifier(body)


def nested() -> Any:
    k = tf.keras
    part = k.Input((None, None, 3))
    block = k.Model(part, k.layers.Conv2D(3, 3, padding="same")(part), name="block")
    pair = k.Sequential([k.Input((None, None, 3)), k.layers.SeparableConv2D(3, 1)], name="pair")
    image = k.Input((SIDE, SIDE, 3))
    shared = k.layers.Conv2D(3, 1)
    x = shared(pair(block(shared(block(image)))))
    return k.Model(image, [k.layers.Flatten()(x), block(x)])


def augmented() -> Any:
    def body(k: Any, x: Any) -> Any:
        x = k.layers.RandomFlip("horizontal")(x)
        x = k.layers.RandomRotation(0.1)(x)
        x = k.layers.Rescaling(1 / 127.5, offset=-1)(x)
        return k.layers.Conv2D(4, 3)(k.layers.Resizing(8, 8)(x))

    return _classifier(body)


def operations() -> Any:
    def body(k: Any, x: Any) -> Any:
        x = tf.nn.relu6(k.layers.Conv2D(4, 3)(x)) * 0.5
        x = tf.concat([x, 1.0 - x], axis=-1)
        x = x[:, 1:-1, ::2, :4] + tf.reduce_mean(x, axis=[1, 2], keepdims=True)[:, :, :, :4]
        x = tf.image.resize(x, (8, 8))
        x = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return tf.cast(tf.transpose(x, [0, 2, 1, 3]), tf.float32) / [1.0, 2.0, 3.0, 4.0]

    return _classifier(body)


def with_lambda() -> Any:
    return _classifier(lambda k, x: k.layers.Lambda(lambda t: tf.square(t) * 0.5)(x))


def mixed() -> Any:
    tf.keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        return _classifier(lambda k, x: k.layers.BatchNormalization()(k.layers.Conv2D(4, 3)(x)))
    finally:
        tf.keras.mixed_precision.set_global_policy("float32")


class Subclassed(tf.keras.Model):
    """A subclassed model with a list of layers and a nested model."""

    def __init__(self) -> None:
        super().__init__()
        layers = tf.keras.layers
        self.stem = layers.DepthwiseConv2D(3)
        self.blocks = [layers.Conv2D(4, 3, activation="relu"), layers.BatchNormalization()]
        self.head = tf.keras.Sequential([layers.Flatten(), layers.Dense(3)])

    def call(self, images: Any, training: bool = False) -> Any:
        images = self.stem(images)
        for block in self.blocks:
            images = block(images)
        return self.head(images)


FUNCTIONAL = (
    plain,
    sequential,
    depthwise,
    separable,
    transposed,
    grouped,
    activations,
    thresholded,
    initializers,
    squeezed,
    nested,
    two_levels,
    augmented,
    operations,
    with_lambda,
    mixed,
)
"""What is saved as a whole."""

KERAS_2_ONLY = (local,)
"""What Keras 3 cannot build."""

PORTABLE = (plain, sequential, depthwise, separable, transposed, squeezed, nested)
"""What Keras 3 builds from the same lines."""

TRAINED = (plain, sequential, nested)
"""What is saved as a SavedModel with an optimizer."""


def main(folder: Path) -> None:
    """Write each model in each format, with its predictions (``NAME.npz``)."""
    for build in FUNCTIONAL + KERAS_2_ONLY:
        model, path = _filled(build()), folder / build.__name__
        model.save(path.with_suffix(".h5"))
        model.save(path.with_suffix(".keras"))
        _write_answers(model, path)
        if build in PORTABLE:
            model.save_weights(f"{path}-legacy.hdf5", save_format="h5")
            _write_weights(model, path)
        if build in TRAINED:
            _write_trained(model, path)
    subclassed = _filled(Subclassed())
    _write_answers(subclassed, folder / "Subclassed")
    _write_weights(subclassed, folder / "Subclassed")


def _filled(model: Any) -> Any:
    """Give every variable values of its own; variances must be positive."""
    model(images())
    random = np.random.default_rng(7)
    model.set_weights([random.uniform(0.05, 0.4, value.shape) for value in model.get_weights()])
    return model


def _write_answers(model: Any, path: Path) -> None:
    answers = model(images(), training=False)
    answers = answers if isinstance(answers, list) else [answers]
    np.savez(path.with_suffix(".npz"), *[answer.numpy() for answer in answers])


def _write_weights(model: Any, path: Path) -> None:
    model.save_weights(f"{path}.weights.h5")
    model.save_weights(f"{path}-weights/cp.ckpt", save_format="tf")
    tf.train.Checkpoint(model=model).save(f"{path}-run/ckpt")


def _write_trained(model: Any, path: Path) -> None:
    """Save the same values after a step of training, which makes an optimizer's slots."""
    model.compile(tf.keras.optimizers.legacy.Adam(), ["mse"] * len(model.outputs))
    targets = [np.zeros([3, *output.shape[1:]]) for output in model.outputs]
    model.train_on_batch(images(), targets)
    _filled(model).save(f"{path}-saved", save_format="tf")
    tf.train.Checkpoint(model=model).save(f"{path}-trained/ckpt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
