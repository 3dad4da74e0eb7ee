"""Signatures and descriptions against docs/model-contract.md."""

from __future__ import annotations

import json
from typing import Any

from export.errors import ContractBroken
from export.serving.signatures import BYTES, DESCRIBE, PIXELS
from export.tasks import classification, detection
from export.tasks.task import TASKS
from export.verification.in_process import InProcess, Specs

_RANKS = {detection.BOXES: 3, detection.SCORES: 2, detection.CLASSES: 2, detection.COUNT: 1}


def check_signatures(version: InProcess, described: dict[str, Any]) -> list[str]:
    """The names of the signatures, which take and give what they should; else ContractBroken."""
    names = version.names()
    for name in (BYTES, DESCRIBE):
        if name not in names:
            raise ContractBroken(f"there is no signature {name}; there are {sorted(names)}")
    _check_inputs(BYTES, version.inputs(BYTES), ("string", 1))
    served = [BYTES]
    if PIXELS in names:
        _check_inputs(PIXELS, version.inputs(PIXELS), ("uint8", 4))
        _check_size(version.inputs(PIXELS), described)
        served.append(PIXELS)
    for name in served:
        _check_outputs(name, version.outputs(name), described)
    return [*served, DESCRIBE]


def check_description(told: bytes) -> dict[str, Any]:
    """The description, decoded. Raises ContractBroken if it is none."""
    try:
        described = json.loads(told)
    except ValueError as error:
        raise ContractBroken(f"describe does not give JSON: {error}") from None
    if not isinstance(described, dict) or described.get("schema") != 1:
        raise ContractBroken("describe does not give a description of schema 1")
    if described.get("task") not in TASKS:
        raise ContractBroken(f"describe tells of no such task: {described.get('task')!r}")
    return described


def _check_inputs(signature: str, specs: Specs, wanted: tuple[str, int]) -> None:
    dtype, rank = wanted
    fits = [
        name == "image" and found == dtype and shape is not None and len(shape) == rank
        for name, (found, shape) in specs.items()
    ]
    if fits != [True]:
        raise ContractBroken(f"{signature} takes {specs}, not one {dtype} of rank {rank}, image")


def _check_size(specs: Specs, described: dict[str, Any]) -> None:
    shape = specs["image"][1]
    assert shape is not None
    said = described["input"]["height"], described["input"]["width"]
    if tuple(shape[1:3]) != said:
        raise ContractBroken(f"{PIXELS} takes {shape}, but describe tells of height, width {said}")


def _check_outputs(signature: str, specs: Specs, described: dict[str, Any]) -> None:
    task = described["task"]
    if task == "detection":
        for name, rank in _RANKS.items():
            _check_output(signature, specs, name, rank)
    elif task == "classification":
        names = [name for name in classification.NAMES if name in specs]
        if len(names) != 1:
            raise ContractBroken(f"{signature} gives {sorted(specs)}, none of it scores")
        _check_output(signature, specs, names[0], 2)
        _check_labels(specs[names[0]][1], described)


def _check_output(signature: str, specs: Specs, name: str, rank: int) -> None:
    dtype, shape = specs.get(name, ("nothing", None))
    if dtype != "float32" or (shape is not None and len(shape) != rank):
        raise ContractBroken(f"{signature} gives {name} as {dtype}{shape or ''}, not float32")


def _check_labels(shape: list[int | None] | None, described: dict[str, Any]) -> None:
    labels, classes = described["labels"], shape[1] if shape else None
    if labels and classes is not None and classes != len(labels):
        raise ContractBroken(f"describe names {len(labels)} labels for {classes} classes")
