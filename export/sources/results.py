"""Name the tensors in whatever a model returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

_VALUES = (bool, int, float, str, bytes, np.ndarray, np.generic)


def by_name(result: Any, names: Sequence[str] | None = None) -> dict[str, Any]:
    """Return the tensors of a result by name; what is None is left out.

    Nested dictionaries and lists have names such as ``head/scores`` and ``maps/0``. Results that
    are not a dictionary are called ``names``, or ``output_0`` and so on if their number differs or
    one name occurs twice, as for the outputs of one layer.
    """
    if isinstance(result, Mapping):
        return dict(_leaves(result))
    parts = [_tensor(part) for part in tf.nest.flatten(result)]
    if names is None or not len(set(names)) == len(names) == len(parts):
        names = [f"output_{number}" for number in range(len(parts))]
    return {name: part for name, part in zip(names, parts, strict=True) if part is not None}


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the tensors in dictionaries and lists, with the keys that lead to them."""
    if isinstance(value, Mapping):
        parts = dict(value).items()
    elif isinstance(value, list | tuple):
        parts = dict(enumerate(value)).items()
    else:
        if value is not None:
            yield path, _tensor(value)
        return
    for key, part in parts:
        yield from _leaves(part, f"{path}/{key}" if path else str(key))


def _tensor(value: Any) -> Any:
    return tf.constant(value) if isinstance(value, _VALUES) else value
