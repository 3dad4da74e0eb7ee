"""Warm up a version before it becomes AVAILABLE, so that no caller waits for compilation.

A version may contain recorded requests, in TensorFlow Serving's format. For any other version,
inputs are synthesized from the signatures, for one item and for several: zeros for numbers, and for
strings an image or, if the model rejects that, an empty string, which is a valid tf.Example.
"""

from __future__ import annotations

import io
import logging
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import prediction_log_pb2

from modelserver.api.classify import classify
from modelserver.api.multi_inference import multi_inference
from modelserver.api.predict import API, predict
from modelserver.api.regress import regress
from modelserver.batching.merge import NotPerItem
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.model import DEFAULT_SIGNATURE, Model
from modelserver.status import Code, ServingError, invalid
from modelserver.tensorflow_parts import as_dtype, errors, tf_record_iterator

RECORDS = os.path.join("assets.extra", "tf_serving_warmup_requests")
MAX_RECORDS = 1000
MANY = 16
MAX_SYNTHETIC_S = 30.0
MAX_ELEMENTS = 1 << 24
Shape = tuple[int, ...]
UNKNOWN_RANK: tuple[Shape, ...] = ((), (1,), (224, 224, 3), (224, 224, 1), (1, 1))
"""Item shapes that are tried for an input of unknown rank: numbers, features, images, sequences."""

log = logging.getLogger(__name__)
_SIDE_EFFECTS = invalid("it has side effects")
# Errors that are the graph's fault, whatever the input: an uninitialized variable or table, a
# missing tensor, an operation without a CPU kernel, a Python function of another process.
_PERMANENT = {Code.FAILED_PRECONDITION, Code.NOT_FOUND, Code.UNIMPLEMENTED}
_PERMANENT_TEXTS = ("No OpKernel was registered", "Could not find callback with key")
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
    """Run a model's recorded requests or, if it has none, synthetic ones.

    ``path`` is the version's directory. Each record is run ``iterations`` times. ``batches`` are
    the batch sizes of synthetic inputs. Signatures in ``changing`` have side effects and are not
    run with synthetic inputs.

    Raise ``ServingError`` if a record cannot be read or fails, as TensorFlow Serving does, or if
    the default signature cannot run, whatever the input.
    """
    records = os.path.join(path, RECORDS)
    if os.path.exists(records):
        _replay_all(model, records, iterations)
    else:
        _run_synthetic(model, batches, changing)


def _replay_all(model: Model, records: str, iterations: int) -> None:
    for count, record in enumerate(_read(records), start=1):
        if count > MAX_RECORDS:
            raise invalid(
                f"Number of warmup records exceeds the maximum ({MAX_RECORDS}) at {records}"
            )
        kind = record.WhichOneof("log_type")
        if kind is None:
            continue
        if kind not in _REPLAYS:
            raise ServingError(Code.UNIMPLEMENTED, f"Unsupported log_type for warmup: {kind}")
        for _ in range(iterations):
            _REPLAYS[kind](model, getattr(record, kind).request)


def _read(records: str) -> Iterator[Any]:
    try:
        for serialized in tf_record_iterator(records):
            yield prediction_log_pb2.PredictionLog.FromString(serialized)
    except errors.OpError as error:
        raise ServingError(
            Code(error.error_code),
            f"{error.message}. Please verify your warmup data is in TFRecord format.",
        ) from None
    except DecodeError as error:
        raise invalid(f"Failed to parse warmup record: {error} from {records}") from None


def _run_synthetic(model: Model, batches: Sequence[int], changing: Collection[str]) -> None:
    end = Deadline.after(MAX_SYNTHETIC_S)
    for name, signature in sorted(model.signatures.items()):
        if name.startswith("__"):  # the initializer, which has already run
            continue
        errors = [_SIDE_EFFECTS] if name in changing else _try(model, signature, batches, end)
        if not errors:
            continue
        if name == DEFAULT_SIGNATURE and all(map(_is_permanent, errors)):
            reason = errors[0].message.partition("\n")[0]  # calls of Python have a traceback
            raise ServingError(errors[0].code, f"{name} cannot run: {reason}")
        reason = _printable(errors[0].message)
        where = f"{model.name} version {model.version}"
        log.info("%s: signature %s not warmed up: %s", where, name, reason)


def _try(model: Model, signature: Any, batches: Sequence[int], end: Deadline) -> list[ServingError]:
    """Run a signature with one kind of input after another until it accepts one.

    Return the errors if it rejects them all.
    """
    infos = signature.inputs.values()
    # Ragged and sparse outputs have no name: a call for them fails, but TensorFlow Serving loads
    # such a version, and its metadata says what is wrong with it.
    names = [signature.outputs[alias].name for alias in sorted(signature.outputs)]
    fetches = [name for name in names if name]
    errors = []
    for text, shape in product(_texts(infos), _shapes(infos)):
        try:
            for batch in batches if any(map(_grows, infos)) else (1,):
                feeds = {info.name: synthesize(info, batch, text, shape) for info in infos}
                model.run(feeds, fetches, end, API)
            return []
        except ServingError as error:
            errors.append(error)
    return errors


def _is_permanent(error: ServingError) -> bool:
    """Return whether every other input would fail too, and every call.

    A call for other outputs may succeed in a batch, as those of other signatures do.
    """
    if isinstance(error, NotPerItem):
        return False
    return error.code in _PERMANENT or any(text in error.message for text in _PERMANENT_TEXTS)


def _printable(message: str) -> str:
    """Return the start of an error message, which may quote binary inputs."""
    return "".join(char for char in message if char.isprintable() and char != "\ufffd")[:80]


def _is_text(info: Any) -> bool:
    return bool(info.dtype == types_pb2.DT_STRING)


def _texts(infos: Iterable[Any]) -> Sequence[bytes]:
    return (image(), b"") if any(map(_is_text, infos)) else (b"",)


def _shapes(infos: Iterable[Any]) -> Sequence[Shape]:
    """Return the item shapes to try for inputs of unknown rank."""
    return UNKNOWN_RANK if any(info.tensor_shape.unknown_rank for info in infos) else ((),)


def _grows(info: Any) -> bool:
    """Return whether the batch size of an input is free."""
    shape = info.tensor_shape
    return shape.unknown_rank or bool(shape.dim and shape.dim[0].size < 0)


def synthesize(info: Any, batch: int, text: bytes, unknown: Shape = ()) -> Array:
    """Return a value for an input, with ``batch`` items if its batch size is free.

    Other free dimensions are 1. ``text`` is the value of strings, and ``unknown`` the shape of an
    item if the rank is unknown.

    Raise ``ServingError`` if the input is too large, or its dtype has no numpy equivalent.
    """
    sizes = [dim.size for dim in info.tensor_shape.dim]
    shape = [max(size, 1) if size >= 0 else 1 for size in sizes]
    if info.tensor_shape.unknown_rank:
        shape = [batch, *unknown]
    elif _grows(info):
        shape[0] = batch
    if math.prod(shape) > MAX_ELEMENTS:
        raise invalid(f"{info.name} of shape {shape} is too large for warm-up")
    if _is_text(info):
        return np.full(shape, text, object)
    try:
        return np.zeros(shape, as_dtype(info.dtype).as_numpy_dtype)
    except TypeError:
        raise invalid(f"{info.name} has a dtype that warm-up does not support") from None


def image() -> bytes:
    """Return a JPEG of a typical camera's size."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (640, 480), (128, 128, 128)).save(stream, "JPEG")
    return stream.getvalue()
