"""Check signatures and descriptions against docs/model-contract.md."""

from __future__ import annotations

import json
from typing import Any

from export.contract import (
    BOXES,
    BYTES,
    CLASS_MAP,
    CLASS_SCORES,
    CLASSES,
    CORNERS,
    COUNT,
    DENSE_MAP,
    DESCRIBE,
    EMBEDDING,
    MASKS,
    PIXELS,
    POSE_SCORES,
    POSES,
    SCORED_CLASSES,
    SCORES,
    TASKS,
)
from export.errors import ContractError
from export.verification.loaded_version import LoadedVersion, Specs

_RANKS = {BOXES: 3, SCORES: 2, CLASSES: 2, COUNT: 1}
_MAP_DTYPES = ("uint8", "int32")
_MASK_DTYPES = ("float32", "float16", "uint8", "bool")


def check_signatures(version: LoadedVersion, description: dict[str, Any]) -> list[str]:
    """Return the names of the signatures. Raise ``ContractError`` if one breaks the contract."""
    names = version.names()
    for name in (BYTES, DESCRIBE):
        if name not in names:
            raise ContractError(f"there is no signature {name}, only {sorted(names)}")
    _check_inputs(BYTES, version.inputs(BYTES), "string", 1)
    served = [BYTES]
    if PIXELS in names:
        _check_inputs(PIXELS, version.inputs(PIXELS), "uint8", 4)
        _check_size(version.inputs(PIXELS), description)
        served.append(PIXELS)
    for name in served:
        _check_outputs(name, version.outputs(name), description)
    return [*served, DESCRIBE]


def check_description(encoded: bytes) -> dict[str, Any]:
    """Return the decoded description. Raise ``ContractError`` if it is not one."""
    try:
        description = json.loads(encoded)
    except ValueError as error:
        raise ContractError(f"describe does not return JSON: {error}") from None
    if not isinstance(description, dict) or description.get("schema") != 1:
        raise ContractError("describe does not return a description with schema 1")
    if description.get("task") not in TASKS:
        raise ContractError(f"describe names an unknown task: {description.get('task')!r}")
    return description


def _check_inputs(signature: str, specs: Specs, dtype: str, rank: int) -> None:
    fits = [
        name == "image" and actual == dtype and shape is not None and len(shape) == rank
        for name, (actual, shape) in specs.items()
    ]
    if fits != [True]:
        raise ContractError(
            f"{signature} takes {specs} instead of one input image, {dtype} of rank {rank}"
        )


def _check_size(specs: Specs, description: dict[str, Any]) -> None:
    shape = specs["image"][1]
    assert shape is not None
    described = description["input"]["height"], description["input"]["width"]
    if tuple(shape[1:3]) != described:
        raise ContractError(
            f"{PIXELS} takes {shape}, but the description says height, width {described}"
        )


def _check_outputs(signature: str, specs: Specs, description: dict[str, Any]) -> None:
    task = description["task"]
    if task == "detection":
        _check_detections(signature, specs, description)
    elif task == "keypoints":
        _check_poses(signature, specs, description)
    elif task == "map":
        _check_output(signature, specs, DENSE_MAP, 3)
    elif task == "embedding":
        _check_output(signature, specs, EMBEDDING, 2)
    elif task == "segmentation":
        _check_output(signature, specs, CLASS_MAP, 3, _MAP_DTYPES)
    elif task == "classification":
        names = [name for name in CLASS_SCORES if name in specs]
        if len(names) != 1:
            raise ContractError(f"{signature} returns {sorted(specs)}, but no scores")
        _check_output(signature, specs, names[0], 2)
        if SCORED_CLASSES in specs:
            _check_classes(signature, specs, names[0])
        else:
            _check_labels(specs[names[0]][1], description)


def _check_detections(signature: str, specs: Specs, description: dict[str, Any]) -> None:
    for name, rank in _RANKS.items():
        _check_output(signature, specs, name, rank)
    if description.get("masks"):
        _check_output(signature, specs, MASKS, 4, _MASK_DTYPES)
    if CORNERS in specs:
        _check_output(signature, specs, CORNERS, 4)


def _check_poses(signature: str, specs: Specs, description: dict[str, Any]) -> None:
    _check_output(signature, specs, POSES, 4)
    if POSE_SCORES in specs:
        _check_output(signature, specs, POSE_SCORES, 2)
    _, shape = specs[POSES]
    count, labels = shape[2] if shape else None, description["labels"]
    if shape and shape[3] not in (None, 3):
        raise ContractError(f"{signature} returns {POSES} {shape} instead of [N,P,K,3]")
    if labels and count not in (None, len(labels)):
        raise ContractError(f"the description has {len(labels)} labels for {count} keypoints")


def _check_output(
    signature: str, specs: Specs, name: str, rank: int, dtypes: tuple[str, ...] = ("float32",)
) -> None:
    if name not in specs:
        raise ContractError(f"{signature} does not return {name}")
    dtype, shape = specs[name]
    if dtype not in dtypes or (shape is not None and len(shape) != rank):
        raise ContractError(
            f"{signature} returns {name} as {dtype}{shape or ''} instead of "
            f"{' or '.join(dtypes)} of rank {rank}"
        )


def _check_classes(signature: str, specs: Specs, scores: str) -> None:
    if specs[SCORED_CLASSES][1] != specs[scores][1]:
        raise ContractError(
            f"{signature} returns {SCORED_CLASSES} {specs[SCORED_CLASSES][1]} for {scores} "
            f"{specs[scores][1]}; there must be one for each score"
        )


def _check_labels(shape: list[int | None] | None, description: dict[str, Any]) -> None:
    labels, classes = description["labels"], shape[1] if shape else None
    if labels and classes is not None and classes != len(labels):
        raise ContractError(f"the description has {len(labels)} labels for {classes} classes")
