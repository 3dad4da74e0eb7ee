"""Merge the inputs of several requests, and split the outputs of their run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelserver.codec.dtypes import Array, as_array
from modelserver.status import Code, ServingError, invalid


class NotPerItem(ServingError):
    """An output of a batch that does not have one item per input item.

    Without batching, or with other outputs, the same call may succeed.
    """

    def __init__(self, message: str) -> None:
        super().__init__(Code.FAILED_PRECONDITION, message)


def size_of(arrays: Sequence[Array]) -> int:
    """Return the number of items of a request: the common first dimension of its inputs.

    Raise ``ServingError`` with INVALID_ARGUMENT if there is none.
    """
    if any(array.ndim == 0 for array in arrays):
        raise invalid("Batching Run() input tensors must have at least one dimension")
    sizes = {len(array) for array in arrays}
    if len(sizes) != 1:
        raise invalid("Batching Run() input tensors must have equal 0th-dimension size")
    return sizes.pop()


def merge(name: str, parts: Sequence[Array], padded_size: int, pad: bool) -> Array:
    """Concatenate arrays of one dtype, and repeat an item until ``padded_size`` is reached.

    With ``pad``, smaller items are padded to the size of the largest. The fill value is the first
    value of the request, as in TensorFlow Serving, since the model is known to accept it. ``name``
    is the tensor's name, for errors.

    Raise ``ServingError`` with FAILED_PRECONDITION if shapes differ and ``pad`` is off, and with
    INVALID_ARGUMENT if a request is empty.
    """
    if len({part.shape[1:] for part in parts}) > 1:
        parts = _pad_all(name, parts, pad)
    missing = padded_size - sum(map(len, parts))
    if missing:
        last = parts[-1]
        parts = [*parts, np.repeat(last[:1], missing, axis=0)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _pad_all(name: str, parts: Sequence[Array], pad: bool) -> list[Array]:
    if not pad or len({part.ndim for part in parts}) > 1:
        raise ServingError(
            Code.FAILED_PRECONDITION,
            f"Tensors with name '{name}' from different tasks have different shapes and padding is "
            "turned off. Set pad_variable_length_inputs to true, or ensure that all tensors with "
            "the same name have equal dimensions starting with the first dim.",
        )
    largest = [max(sizes) for sizes in zip(*(part.shape[1:] for part in parts), strict=True)]
    return [_pad(part, largest) for part in parts]


def _pad(part: Array, largest: list[int]) -> Array:
    if not part.size:
        raise invalid("Got empty tensor in batch of non-empty tensors.")
    result = np.full((len(part), *largest), part.flat[0], part.dtype)
    result[tuple(slice(size) for size in part.shape)] = part
    return result


def split(values: Sequence[Any], sizes: Sequence[int], padded_size: int) -> list[list[Array]]:
    """Split the outputs of a run of ``padded_size`` items by request.

    ``sizes`` are the items of each request. Return a list of outputs for each request.

    Raise ``NotPerItem`` if an output does not have one item per input item.
    """
    arrays = [as_array(value) for value in values]
    for array in arrays:
        if array.ndim == 0:
            raise NotPerItem("Batched output tensor has 0 dimensions")
        if len(array) != padded_size:
            raise NotPerItem(
                "Batched output tensor's 0th dimension does not equal the sum of the 0th dimension "
                "sizes of the input tensors"
            )
    parts = []
    start = 0
    for size in sizes:
        parts.append([array[start : start + size] for array in arrays])
        start += size
    return parts


def join(parts: Sequence[Array]) -> Array:
    """Concatenate the parts of an output whose request was split."""
    return np.concatenate(parts)
