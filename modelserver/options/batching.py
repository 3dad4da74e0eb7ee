"""Batching parameters: the defaults, and the text file that overrides them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from modelserver.options import text_files
from modelserver.status import Code, ServingError, invalid

PER_MODEL_FILE = "batching_params.pbtxt"


@dataclass(frozen=True)
class BatchingParameters:
    """How requests are batched.

    * ``max_batch_size``: items per request and per batch.
    * ``timeout_s``: how long the first request of a batch waits for others. With 0, a batch
      contains the requests that arrived while all threads were busy.
    * ``max_enqueued_batches``: batches that may wait in a queue.
    * ``threads``: concurrent batches, over all models.
    * ``pool_name``: names the threads in the metrics.
    * ``allowed_sizes``: batches are padded to the next of these sizes; empty for any size.
    * ``pad``: pad inputs of different lengths to the longest.
    * ``split``: split a request larger than ``max_execution_size`` over several batches.
    * ``max_execution_size``: with ``split``, items per batch; ``max_batch_size`` then limits
      requests.
    """

    max_batch_size: int = 1000
    timeout_s: float = 0.0
    max_enqueued_batches: int = 10
    threads: int = 2
    pool_name: str = "model_server_batch_threads"
    allowed_sizes: tuple[int, ...] = ()
    pad: bool = False
    split: bool = False
    max_execution_size: int = 1000

    @property
    def batch_size(self) -> int:
        """Return the maximum number of items in a batch."""
        return self.max_execution_size if self.split else self.max_batch_size

    def padded(self, size: int) -> int:
        """Return the size to which a batch of ``size`` items is padded."""
        return next((allowed for allowed in self.allowed_sizes if allowed >= size), size)


def read(path: str, defaults: BatchingParameters) -> BatchingParameters:
    """Read a BatchingParameters text file. Missing numbers and names keep those of ``defaults``;
    whether to pad and to split, and the allowed sizes, are what the file says.

    Raise ``ServingError`` if the file cannot be read, or if its values are invalid.
    """
    file = _read(path)
    parameters = replace(
        defaults,
        max_batch_size=_value(file, "max_batch_size", defaults.max_batch_size),
        timeout_s=_value(file, "batch_timeout_micros", defaults.timeout_s * 1e6) / 1e6,
        max_enqueued_batches=_value(file, "max_enqueued_batches", defaults.max_enqueued_batches),
        threads=_value(file, "num_batch_threads", defaults.threads),
        pool_name=_value(file, "thread_pool_name", defaults.pool_name),
        allowed_sizes=tuple(file.allowed_batch_sizes),
        pad=file.pad_variable_length_inputs,
        split=file.enable_large_batch_splitting.value,
    )
    size = _value(file, "max_execution_batch_size", parameters.max_batch_size)
    parameters = replace(parameters, max_execution_size=size)
    _check(path, parameters)
    return parameters


def _read(path: str) -> Any:
    try:
        return text_files.read(path, text_files.new("BatchingParameters"))
    except ServingError as error:
        if error.code is not Code.INVALID_ARGUMENT:
            raise
        raise invalid(f"{error.message}; a valid file: max_batch_size {{ value: 32 }}") from None


def _value(file: Any, name: str, default: Any) -> Any:
    return getattr(file, name).value if file.HasField(name) else default


def _check(path: str, parameters: BatchingParameters) -> None:
    for name in ("max_batch_size", "max_enqueued_batches", "threads", "max_execution_size"):
        if getattr(parameters, name) < 1:
            raise invalid(f"{path}: {name} must be at least 1")
    if parameters.timeout_s < 0:
        raise invalid(f"{path}: batch_timeout_micros must not be negative")
    if parameters.max_execution_size > parameters.max_batch_size:
        raise invalid(f"{path}: max_execution_batch_size must not exceed max_batch_size")
    allowed = parameters.allowed_sizes
    if list(allowed) != sorted(set(allowed)) or any(size < 1 for size in allowed):
        raise invalid(f"{path}: allowed_batch_sizes must increase, from 1 up")
    if allowed and allowed[-1] != parameters.max_batch_size:
        raise invalid(
            "Last entry in allowed_batch_sizes must match max_batch_size; last entry was "
            f"{allowed[-1]}; expected {parameters.max_batch_size}"
        )
