"""Warm-up records: calls that a model server makes before it announces a version as available.

Without them, the first camera would pay for the first call.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from export.contract import BYTES, PIXELS
from export.serving.conversion import Conversion

FILE = "assets.extra/tf_serving_warmup_requests"
"""Where TensorFlow Serving looks for them in a version."""

_CAMERA = (480, 640)
"""Height and width of the pixels for a model that accepts any size."""

_GRAY = 128


def sizes(max_batch: int) -> list[int]:
    """Return the powers of two below ``max_batch``, and ``max_batch``."""
    return [2**power for power in range(max_batch.bit_length()) if 2**power < max_batch] + [
        max_batch
    ]


def write(
    version: Path, name: str, conversion: Conversion, images: Sequence[bytes], max_batch: int
) -> int:
    """Write the records of a version, and return how many there are.

    For each batch size there is one call with encoded images and one with pixels. The pixels are a
    uniform gray: a few bytes instead of megabytes, at the same cost for the graph.
    """
    path = version / FILE
    path.parent.mkdir(exist_ok=True)
    requests = list(_requests(name, conversion, images, max_batch))
    with tf.io.TFRecordWriter(str(path)) as records:
        for request in requests:
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            records.write(log.SerializeToString())
    return len(requests)


def _requests(
    name: str, conversion: Conversion, images: Sequence[bytes], max_batch: int
) -> Iterator[Any]:
    one_by_one = conversion.batch == 1 and not conversion.source.takes_bytes
    fixed = [conversion.batch] if conversion.batch else sizes(max_batch)
    for size in sizes(max_batch) if one_by_one else fixed:
        batch = [images[number % len(images)] for number in range(size)]
        yield _request(name, BYTES, tf.make_tensor_proto(batch))
    if conversion.source.takes_bytes:
        return
    canvas = conversion.canvas
    height, width = (canvas.height, canvas.width) if canvas else _CAMERA
    for size in fixed:
        yield _request(name, PIXELS, _gray((size, height, width, 3)))


def _gray(shape: tuple[int, ...]) -> Any:
    """Return a tensor whose single value stands for all of them."""
    proto = tf.make_tensor_proto(_GRAY, tf.uint8, shape=[1])
    proto.ClearField("tensor_content")
    proto.ClearField("int_val")
    proto.int_val.append(_GRAY)
    proto.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return proto


def _request(name: str, signature: str, tensor: Any) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    request.inputs["image"].CopyFrom(tensor)
    return request
