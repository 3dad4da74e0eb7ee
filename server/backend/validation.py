"""What contradicts the contract in a signature, as far as its metadata says.

A signature whose answers can never reach a client is found here, before any frame is sent to it.
Where sizes are unknown, only an answer tells: then :func:`is_certain` is False.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, combinations

from server.backend.contract import (
    ClassificationOutputs,
    DetectionOutputs,
    EmbeddingOutputs,
    Input,
    KeypointOutputs,
    MapOutputs,
    Outputs,
    SegmentationOutputs,
    TensorOutputs,
)
from server.backend.signature import Signature, TensorSpec
from server.backend.stubs import types_pb2
from server.backend.tensors import is_integer, is_numeric
from server.core.amounts import amount

Specs = Mapping[str, TensorSpec]


def layout_fault(spec: TensorSpec) -> str | None:
    """Return why an input of four dimensions takes no pixels, or None if it may."""
    if spec.shape is None or len(spec.shape) != 4:
        return None
    _, first, _, last = spec.shape
    if first in (1, 3) and last not in (1, 3):
        return f"its input {spec} has the channels first; pictures are sent as [N,H,W,3]"
    return None


def outputs_fault(signature: Signature, taken: Input, outputs: Outputs) -> str | None:
    """Return why answers with these outputs could not be used, or None if they may be."""
    specs = _requested(signature, outputs)
    faults = chain(
        (_dtype_fault(alias, spec, outputs) for alias, spec in specs.items()),
        (_shape_fault(alias, spec, outputs, taken) for alias, spec in specs.items()),
        (check(specs, outputs) for check in _ACROSS),  # of right ranks
    )
    return next((fault for fault in faults if fault is not None), None)


def bounded(signature: Signature, taken: Input, outputs: Outputs) -> Input:
    """Return ``taken`` with a batch of one if an output always has a single row."""
    specs = _requested(signature, outputs).values()
    single = any(spec.shape and spec.shape[0] == 1 for spec in specs)
    return replace(taken, rows=1) if single and taken.rows is None else taken


def is_certain(signature: Signature, taken: Input, outputs: Outputs) -> bool:
    """Return whether the metadata leaves no doubt that pictures are taken and answers read."""
    if not is_known_layout(signature):
        return False
    if isinstance(outputs, TensorOutputs):  # their first dimension may be anything
        return outputs.shared == frozenset(signature.outputs)
    return all(
        spec.shape is not None and None not in spec.shape[1:]
        for spec in _requested(signature, outputs).values()
    )


def is_known_layout(signature: Signature) -> bool:
    """Return False for pixels whose shape does not say where the channels are."""
    [spec] = signature.inputs.values()
    return spec.shape is None or len(spec.shape) != 4 or spec.shape[3] is not None


def _requested(signature: Signature, outputs: Outputs) -> Specs:
    aliases = outputs.aliases or signature.outputs
    return {alias: signature.outputs[alias] for alias in aliases}


def _dtype_fault(alias: str, spec: TensorSpec, outputs: Outputs) -> str | None:
    names = isinstance(outputs, TensorOutputs) or (
        isinstance(outputs, ClassificationOutputs) and alias == outputs.classes
    )
    if spec.encoding:
        return f"its output {alias!r} is {spec}, not a tensor; clients can receive tensors only"
    if isinstance(outputs, SegmentationOutputs) and not is_integer(spec.dtype):
        return f"its output {alias!r} is {spec}; it must have integers: the class of each pixel"
    if is_numeric(spec.dtype) or (names and spec.dtype == types_pb2.DT_STRING):
        return None
    allowed = "numbers or strings" if names else "numbers"
    return f"its output {alias!r} is {spec}; it must have {allowed}"


def _shape_fault(alias: str, spec: TensorSpec, outputs: Outputs, taken: Input) -> str | None:
    if spec.shape is None or (isinstance(outputs, TensorOutputs) and not spec.shape):
        return None
    layout = _layout(alias, outputs)
    if layout is not None and not _fits(spec.shape, layout):
        return f"its output {alias!r} is {spec}; it must be [{layout}], a row for each picture"
    rows = spec.shape[0] if spec.shape else 1
    if rows in (None, taken.rows) or (rows == 1 and taken.rows is None):
        return None
    batch = "any number of" if taken.rows is None else taken.rows
    has = amount(rows, "row")
    return f"its output {alias!r} is {spec}: {has} for {batch} pictures, not one for each"


def _layout(alias: str, outputs: Outputs) -> str | None:
    """Return an output's shape as the contract writes it, or None if it may have any.

    A letter stands for any size.
    """
    if isinstance(outputs, KeypointOutputs):
        return "N,P,K,3" if alias == outputs.points else "N,P"
    if isinstance(outputs, SegmentationOutputs | MapOutputs):
        return "N,H,W"
    if isinstance(outputs, EmbeddingOutputs):
        return "N,D"
    if isinstance(outputs, DetectionOutputs) and alias != outputs.count:
        layouts = {outputs.boxes: "N,K,4", outputs.masks: "N,K,H,W", outputs.corners: "N,K,4,2"}
        return layouts.get(alias, "N,K")
    return None


def _fits(shape: tuple[int | None, ...], layout: str) -> bool:
    sizes = layout.split(",")
    return len(shape) == len(sizes) and all(
        size is None or not wanted.isdigit() or size == int(wanted)
        for size, wanted in zip(shape, sizes, strict=True)
    )


def _length_fault(specs: Specs, outputs: Outputs) -> str | None:
    """Compare how many boxes, scores and classes a detector returns, or poses and scores."""
    if not isinstance(outputs, DetectionOutputs | KeypointOutputs):
        return None
    count = outputs.count if isinstance(outputs, DetectionOutputs) else None
    lengths = [
        (alias, spec.shape[1])
        for alias, spec in specs.items()
        if alias != count and spec.shape is not None and spec.shape[1] is not None
    ]
    for (one, length), (other, another) in combinations(lengths, 2):
        if length != another:
            return f"it returns {length} {one} and {another} {other}; these numbers must be equal"
    return None


def _classes_fault(specs: Specs, outputs: Outputs) -> str | None:
    if not isinstance(outputs, ClassificationOutputs) or outputs.classes is not None:
        return None
    shape = specs[outputs.scores].shape
    columns = None if shape is None else shape[1]
    if columns is None or columns <= outputs.class_count:
        return None
    labels = amount(outputs.class_count, "label")
    return f"its output {outputs.scores!r} has {columns} classes, for {labels}"


def _points_fault(specs: Specs, outputs: Outputs) -> str | None:
    """Compare the points of a pose with the labels and the skeleton."""
    if not isinstance(outputs, KeypointOutputs):
        return None
    shape = specs[outputs.points].shape
    count = None if shape is None else shape[2]
    return None if count is None else outputs.count_fault(count)


_ACROSS = (_length_fault, _classes_fault, _points_fault)
