"""Warm-up records: calls that a model server makes before it calls a version available, so that no
camera pays for what a first call costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from export.serving.conversion import Conversion
from export.serving.signatures import BYTES, PIXELS

FILE = "assets.extra/tf_serving_warmup_requests"
"""Where TensorFlow Serving looks for them in a version."""

_CAMERA = (480, 640)
"""Height and width of pixels for a model that takes them in any size."""

_GREY = 128


def sizes(max_batch: int) -> list[int]:
    """The powers of two below `max_batch`, and that itself."""
    return [2**power for power in range(max_batch.bit_length()) if 2**power < max_batch] + [
        max_batch
    ]


def write(
    version: Path, name: str, conversion: Conversion, pictures: Sequence[bytes], max_batch: int
) -> int:
    """Writes the records of a version; returns how many.

    A call with encoded pictures for each batch size, and one with pixels. Those are of one grey,
    which is a few bytes where pictures would be megabytes, and costs the graph the same.
    """
    path = version / FILE
    path.parent.mkdir(exist_ok=True)
    requests = list(_requests(name, conversion, pictures, max_batch))
    with tf.io.TFRecordWriter(str(path)) as records:
        for request in requests:
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            records.write(log.SerializeToString())
    return len(requests)


def _requests(
    name: str, conversion: Conversion, pictures: Sequence[bytes], max_batch: int
) -> Iterator[Any]:
    alone = conversion.batch == 1 and not conversion.source.takes_bytes
    fixed = [conversion.batch] if conversion.batch else sizes(max_batch)
    for size in sizes(max_batch) if alone else fixed:
        some = [pictures[number % len(pictures)] for number in range(size)]
        yield _request(name, BYTES, tf.make_tensor_proto(some))
    if conversion.source.takes_bytes:
        return
    canvas = conversion.canvas
    sides = (canvas.height, canvas.width) if canvas else _CAMERA
    for size in fixed:
        yield _request(name, PIXELS, _grey((size, *sides, 3)))


def _grey(shape: tuple[int, ...]) -> Any:
    """A tensor whose one value stands for all of them."""
    proto = tf.make_tensor_proto(_GREY, tf.uint8, shape=[1])
    proto.ClearField("tensor_content")
    proto.ClearField("int_val")
    proto.int_val.append(_GREY)
    proto.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return proto


def _request(name: str, signature: str, tensor: Any) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    request.inputs["image"].CopyFrom(tensor)
    return request
