"""Small SavedModels of every kind that the tests need, exported by TensorFlow itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

FLOATS = tf.TensorSpec([None], tf.float32)
STRINGS = tf.TensorSpec([None], tf.string)


def save(module: tf.Module, path: Path, **signatures: Any) -> Path:
    """Save a module with these tf.functions as its signatures."""
    tf.saved_model.save(module, str(path), signatures=signatures)
    return path


def half_plus(path: Path, offset: float = 2.0) -> Path:
    """Compute y = x / 2 + offset. Versions differ in their offset, a variable."""
    module = tf.Module()
    module.offset = tf.Variable(offset)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def serve(x: Any) -> Any:
        return {"y": x / 2 + module.offset}

    return save(module, path, serving_default=serve)


def lengths(path: Path) -> Path:
    """Take strings; return their lengths, and the strings in reverse order."""
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(text: Any) -> Any:
        return {"length": tf.strings.length(text), "reversed": tf.reverse(text, [0])}

    return save(module, path, serving_default=serve)


def several(path: Path) -> Path:
    """Two inputs, three outputs, a second signature, and one without inputs."""
    module = tf.Module()
    module.scale = tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name=n) for n in "ab"])
    def serve(a: Any, b: Any) -> Any:
        return {"sum": (a + b) * module.scale, "difference": a - b, "count": tf.size(a)}

    @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.int64, name="grid")])
    def grid(grid: Any) -> Any:
        return {"flipped": tf.transpose(grid)}

    @tf.function(input_signature=[])
    def describe() -> Any:
        return {"description": tf.constant('{"task": "none"}')}

    return save(module, path, serving_default=serve, grid=grid, describe=describe)


def failing(path: Path) -> Path:
    """Accept positive numbers; fail in an operation for all others."""
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def serve(x: Any) -> Any:
        with tf.control_dependencies([tf.debugging.assert_positive(x, message="not above zero")]):
            return {"root": tf.sqrt(x)}

    return save(module, path, serving_default=serve)


def pictures(path: Path) -> Path:
    """Take encoded images, decode them in the graph, and return their mean brightness."""
    module = tf.Module()

    def brightness(encoded: Any) -> Any:
        return tf.reduce_mean(tf.cast(tf.io.decode_image(encoded, channels=3), tf.float32))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def serve(image_bytes: Any) -> Any:
        return {"mean": tf.map_fn(brightness, image_bytes, fn_output_signature=tf.float32)}

    return save(module, path, serving_default=serve)


def one_at_a_time(path: Path) -> Path:
    """Take uint8 pixels with a batch size of 1, as TensorFlow's detection zoo does."""
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([1, None, None, 3], tf.uint8, name="input_tensor")])
    def serve(input_tensor: Any) -> Any:
        count = tf.cast(tf.shape(input_tensor)[1:2], tf.float32)
        return {
            "detection_boxes": tf.zeros([1, 5, 4]),
            "detection_scores": tf.ones([1, 5]),
            "detection_classes": tf.ones([1, 5]),
            "num_detections": count,
        }

    return save(module, path, serving_default=serve)


def slow(path: Path) -> Path:
    """Count to n, one step at a time; a hundred million steps take minutes."""
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="n")])
    def serve(n: Any) -> Any:
        steps = tf.while_loop(lambda i: i < n, lambda i: [i + 1], [tf.constant(0, tf.int64)])
        return {"steps": steps[0]}

    return save(module, path, serving_default=serve)


def unknown_rank(path: Path) -> Path:
    """Take images whose rank the signature does not state."""
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name="image")])
    def serve(image: Any) -> Any:
        return {"small": tf.raw_ops.ResizeBilinear(images=image, size=[8, 8])}

    return save(module, path, serving_default=serve)


def encoded_outputs(path: Path, *kinds: str) -> Path:
    """Return outputs that are not plain tensors: ``ragged``, ``sparse``, or ``dense`` for one that
    is.
    """
    module = tf.Module()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def serve(x: Any) -> Any:
        lengths = tf.ones_like(x, tf.int32)
        outputs = {
            "ragged": tf.RaggedTensor.from_row_lengths(x, lengths),
            "sparse": tf.sparse.from_dense(x),
            "dense": x,
        }
        return {kind: outputs[kind] for kind in kinds}

    return save(module, path, serving_default=serve)


def throwing(path: Path) -> Path:
    """Run Python code that raises an exception for negative numbers."""
    module = tf.Module()

    def check(x: Any) -> Any:
        if (x.numpy() < 0).any():
            raise LookupError("nothing below zero")
        return x

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def serve(x: Any) -> Any:
        return {"y": tf.ensure_shape(tf.py_function(check, [x], tf.float32), [None])}

    return save(module, path, serving_default=serve)


def every_type(path: Path) -> Path:
    """Return the inputs unchanged, in each dtype that a client may send."""
    module = tf.Module()
    types = [tf.float64, tf.int32, tf.uint8, tf.int16, tf.int64, tf.bool, tf.half, tf.uint32]

    @tf.function(input_signature=[tf.TensorSpec(None, t, name=f"x_{t.name}") for t in types])
    def serve(*values: Any) -> Any:
        return {f"y_{t.name}": tf.identity(v) for t, v in zip(types, values, strict=True)}

    return save(module, path, serving_default=serve)


def examples(path: Path) -> Path:
    """Take tf.Examples: a classifier, a regressor, and signatures that violate the API."""
    module = tf.Module()
    spec = [tf.TensorSpec([None], tf.string, name="inputs")]

    def x(serialized: Any) -> Any:
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        return tf.io.parse_example(serialized, features)["x"]

    def signature(function: Any) -> Any:
        return tf.function(function, input_signature=spec)

    def labels(inputs: Any) -> Any:
        return tf.tile(tf.constant([["low", "high"]]), [tf.size(inputs), 1])

    def scores(inputs: Any) -> Any:
        return tf.concat([1 - x(inputs), x(inputs)], 1)

    return save(
        module,
        path,
        serving_default=signature(lambda i: {"classes": labels(i), "scores": scores(i)}),
        only_classes=signature(lambda i: {"classes": labels(i)}),
        only_scores=signature(lambda i: {"scores": scores(i)}),
        regress=signature(lambda i: {"outputs": x(i) * 2}),
        flat=signature(lambda i: {"outputs": tf.reshape(x(i), [-1])}),
        wide=signature(lambda i: {"outputs": scores(i)}),
        doubles=signature(lambda i: {"outputs": tf.cast(x(i), tf.float64)}),
        one_label=signature(lambda i: {"classes": labels(i)[:, :1], "scores": scores(i)}),
        short=signature(lambda i: {"scores": scores(i)[:1]}),
        neither=signature(lambda i: {"other": x(i)}),
    )
