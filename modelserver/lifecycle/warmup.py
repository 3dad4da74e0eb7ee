"""First runs before a version is called AVAILABLE, so that no caller pays for compilation.

A model may bring its own requests, recorded as TensorFlow Serving has them. For one that does
not, inputs are made up from the signatures: zeros for numbers, pictures for strings (or, where they
are refused, nothing, which is a valid tf.Example), one and several at a time.
"""

from __future__ import annotations

import io
import logging
import math
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import prediction_log_pb2

from modelserver.api.classify import classify
from modelserver.api.multi_inference import multi_inference
from modelserver.api.predict import API, predict
from modelserver.api.regress import regress
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.model import Model
from modelserver.status import Code, ServingError, invalid

RECORDS = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000
MANY = 16
MADE_UP_TIME_S = 30.0
MAX_ELEMENTS = 1 << 24

_log = logging.getLogger(__name__)
_Replay = Callable[[Model, Any], Any]

_REPLAYS: dict[str, _Replay] = {
    "predict_log": lambda model, request: predict(model, request, Deadline()),
    "classify_log": lambda model, request: classify(model, request, Deadline()),
    "regress_log": lambda model, request: regress(model, request, Deadline()),
    "multi_inference_log": lambda model, request: multi_inference(model, request, Deadline()),
}


def warm_up(
    model: Model,
    path: str,
    iterations: int = 1,
    batches: Sequence[int] = (1, MANY),
    changing: Collection[str] = (),
) -> None:
    """Run a model's recorded requests or, without any, made-up ones.

    Args:
        model: a loaded version that no caller reaches yet.
        path: the version's directory.
        iterations: how often each record is run.
        batches: the sizes of made-up inputs.
        changing: signatures that are not run with made-up inputs, for they change the model.

    Raises:
        ServingError: a record cannot be read or fails; TensorFlow Serving then fails the load.
    """
    records = os.path.join(path, RECORDS)
    if os.path.exists(records):
        _replay_all(model, records, iterations)
    else:
        _run_made_up(model, batches, changing)


def _replay_all(model: Model, records: str, iterations: int) -> None:
    for count, log in enumerate(_read(records), start=1):
        if count > MAX_RECORDS:
            raise invalid(
                f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {records}"
            )
        kind = log.WhichOneof("log_type")
        if kind is None:
            continue
        if kind not in _REPLAYS:
            raise ServingError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
        for _ in range(iterations):
            _REPLAYS[kind](model, getattr(log, kind).request)


def _read(records: str) -> Iterator[Any]:
    try:
        for record in tf.compat.v1.io.tf_record_iterator(records):
            yield prediction_log_pb2.PredictionLog.FromString(record)
    except tf.errors.OpError as error:
        raise ServingError(
            Code(error.error_code),
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from None
    except DecodeError as error:
        raise invalid(f"Failed to parse warmup record: {error} from {records}") from None


def _run_made_up(model: Model, batches: Sequence[int], changing: Collection[str]) -> None:
    end = Deadline.after(MADE_UP_TIME_S)
    for name, signature in sorted(model.signatures.items()):
        if name.startswith("__"):  # the initializer, which has run
            continue
        if name in changing:
            reason = "it changes the model"
        else:
            reason = _run_signature(model, signature, batches, end)
        if reason:
            _log.info(
                "%s version %d: signature %s left cold: %s", model.name, model.version, name, reason
            )


def _run_signature(model: Model, signature: Any, batches: Sequence[int], end: Deadline) -> str:
    """Run a signature with made-up inputs; why it could not be run, if so."""
    infos = signature.inputs.values()
    fetches = [signature.outputs[alias].name for alias in sorted(signature.outputs)]
    reason = ""
    for text in (picture(), b"") if any(map(_is_text, infos)) else (b"",):
        try:
            for batch in batches if any(map(_grows, infos)) else (1,):
                feeds = {info.name: made_up(info, batch, text) for info in infos}
                model.run(feeds, fetches, end, API)
            return ""
        except ServingError as error:
            reason = reason or _printable(error.message)
    return reason


def _printable(message: str) -> str:
    """The start of an error's text, which may quote what was made up."""
    return "".join(char for char in message if char.isprintable() and char != "\ufffd")[:80]


def _is_text(info: Any) -> bool:
    return bool(info.dtype == tf.string.as_datatype_enum)


def _grows(info: Any) -> bool:
    """Whether an input can hold another number of items."""
    shape = info.tensor_shape
    return shape.unknown_rank or bool(shape.dim and shape.dim[0].size < 0)


def made_up(info: Any, batch: int, text: bytes) -> Array:
    """A value that an input may accept: a first dimension of `batch` if it is free, others 1.

    Args:
        info: the input's TensorInfo.
        batch: items.
        text: for a string.

    Raises:
        ServingError: there is no such value.
    """
    sizes = [dim.size for dim in info.tensor_shape.dim]
    shape = [max(size, 1) if size >= 0 else 1 for size in sizes]
    if _grows(info):
        shape[:1] = [batch]
    if math.prod(shape) > MAX_ELEMENTS:
        raise invalid(f"{info.name} of shape {shape} is too large to make up")
    if _is_text(info):
        return np.full(shape, text, object)
    try:
        return np.zeros(shape, tf.dtypes.as_dtype(info.dtype).as_numpy_dtype)
    except TypeError:
        raise invalid(f"{info.name} has a type that cannot be made up") from None


def picture() -> bytes:
    """A JPEG of a camera's usual size."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (640, 480), (128, 128, 128)).save(stream, "JPEG")
    return stream.getvalue()
