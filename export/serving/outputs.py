"""What keeps a model's outputs from being served: found on a few images, before any export."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import Outputs, Tensor
from export.errors import SourceError
from export.sources.source import Source
from export.tasks.detection import Detection
from export.tasks.task import Probe, Task

Faults = Mapping[str, str]
"""Why an output cannot be served, by its name."""


_EMPTY = "has no values"


def faults_of(outputs: Outputs) -> dict[str, str]:
    """Return what is wrong with which outputs."""
    found = {name: _fault(value) for name, value in outputs.items()}
    if all(value.shape.rank == 0 for value in outputs.values()):
        found = dict.fromkeys(outputs, "is one value for all images, not a row for each")
    return {name: fault for name, fault in found.items() if fault is not None}


def select(choose: Callable[[], Task], faults: Faults) -> Task:
    """Return the chosen task. Raise ``SourceError`` if it reads an output that has a fault."""
    try:
        task = choose()
    except SourceError:
        raise
    except ValueError:  # what NumPy says about arrays without values
        _refuse(faults, faults)
        raise
    _refuse([name for name in task.reads() if not _is_no_box(task, name, faults)], faults)
    return task


def _is_no_box(task: Task, name: str, faults: Faults) -> bool:
    """Return whether a detector that is padded to a fixed number of boxes just found none."""
    is_padded = isinstance(task, Detection) and task.options.suppress
    return is_padded and faults.get(name, "").startswith(_EMPTY)


def arrays(outputs: Outputs) -> Probe:
    """Return the values of outputs."""
    return {name: np.asarray(_dense(value).numpy()) for name, value in outputs.items()}


def _dense(value: Any) -> Any:
    return tf.sparse.to_dense(value) if isinstance(value, tf.SparseTensor) else value


def without_bfloat16(outputs: Outputs) -> Outputs:
    """Return outputs in which float32 takes the place of bfloat16, which NumPy does not have."""
    return {
        name: tf.cast(value, tf.float32) if value.dtype == tf.bfloat16 else value
        for name, value in outputs.items()
    }


def with_ranks(source: Source, probe: Probe) -> Source:
    """Return the source with the ranks of its outputs, which some graphs do not declare.

    A TensorFlow 1 graph with loops or conditions often declares no shape at all.
    """

    def infer(images: Tensor) -> Outputs:
        return {name: ranked(name, value) for name, value in source.infer(images).items()}

    def ranked(name: str, value: Any) -> Any:
        is_open = isinstance(value, tf.Tensor) and value.shape.rank is None
        return tf.ensure_shape(value, [None] * probe[name].ndim) if is_open else value

    return replace(source, infer=infer)


def _refuse(names: Collection[str], faults: Faults) -> None:
    for name in names:
        if name in faults:
            raise SourceError(
                f"the model's output {name} {faults[name]}; select others with --outputs NAME"
            )


def _fault(value: Any) -> str | None:
    if isinstance(value, tf.RaggedTensor | tf.SparseTensor):
        return f"is a {type(value).__name__}, and clients can receive tensors only"
    if value.dtype.is_complex:
        return "has complex numbers, which clients cannot receive"
    if 0 in value.shape:
        return (
            f"{_EMPTY}: its shape is {value.shape}; if the model found nothing in these images, "
            "add --pictures FOLDER with typical ones, and --nms if it finds boxes"
        )
    return None
