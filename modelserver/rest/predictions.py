"""Predict in JSON, by row or by column.

Row format: ``instances`` in, ``predictions`` out. Column format: ``inputs`` in, ``outputs`` out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from modelserver.codec.dtypes import Array
from modelserver.rest.decode import is_base64, to_array
from modelserver.rest.documents import quote, wrong
from modelserver.rest.encode import encode, encode_rows, encode_string
from modelserver.status import ServingError, invalid

_Infos = Mapping[str, Any]  # TensorInfo by alias


def read(document: dict[str, Any], infos: _Infos, signature: str) -> dict[str, Array]:
    """Return the inputs of a request, by alias.

    ``infos`` are the TensorInfos of the signature's inputs. ``signature`` is its name, for errors.

    Raise ``ServingError`` with INVALID_ARGUMENT, saying what is wrong and where.
    """
    if not infos:
        raise invalid(f"Failed to get input map for signature: {signature or 'DEFAULT'}")
    if "instances" in document and "inputs" in document:
        raise wrong(
            document,
            "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ",
        )
    if "instances" in document:
        return _rows(document, infos)
    if "inputs" in document:
        return _columns(document["inputs"], infos)
    raise invalid("Missing 'inputs' or 'instances' key")


def write(document: dict[str, Any], outputs: Mapping[str, Array]) -> str:
    """Format the response in the format of the request.

    Raise ``ServingError`` with INVALID_ARGUMENT for outputs that do not fit the format.
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    if "inputs" in document:
        values = {alias: encode(value, _as_base64(alias)) for alias, value in outputs.items()}
        return f'{{\n    "outputs": {_merge(values)}\n}}'
    _check_batch(outputs)
    columns = [encode_rows(value, _as_base64(alias)) for alias, value in outputs.items()]
    rows = [_merge(dict(zip(outputs, row, strict=True))) for row in zip(*columns, strict=True)]
    between = ", " if len(outputs) == 1 else ",\n        "
    return f'{{\n    "predictions": [{between.join(rows)}\n    ]\n}}'


def _rows(document: dict[str, Any], infos: _Infos) -> dict[str, Array]:
    instances = document["instances"]
    if not isinstance(instances, list):
        raise wrong(document, "Expecting 'instances' to be an list/array")
    if not instances:
        raise wrong(document, "No values in 'instances' array")
    if not isinstance(instances[0], dict) and len(infos) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors "
            "required as per tensorinfo_map"
        )
    if _is_named(instances[0]):
        return _named_rows(instances, infos)
    alias = min(infos)
    for index, row in enumerate(instances):
        if _is_named(row):
            raise invalid(f"Expecting value/list but got object at item {index} of input list")
    return {alias: _stack(instances, infos[alias].dtype, "")}


def _named_rows(instances: list[Any], infos: _Infos) -> dict[str, Array]:
    for index, row in enumerate(instances):
        if not _is_named(row):
            raise invalid(f"Expecting object but got list at item {index} of input list")
        for key in row:
            if key not in infos:
                raise _at(index, key, invalid(f"JSON object: does not have named input: {key}"))
        if len(row) != len(infos):
            raise invalid(
                f"Failed to process element: {index} of 'instances' list. JSON object: "
                f"{quote(row)} keys must be equal to: {','.join(sorted(infos))}"
            )
    return {
        alias: _stack([row[alias] for row in instances], infos[alias].dtype, alias)
        for alias in infos
    }


def _stack(rows: list[Any], dtype: int, key: str) -> Array:
    """Stack rows of equal shape into one array."""
    try:
        return to_array(rows, dtype)
    except ServingError:
        _explain_rows(rows, dtype, key)
        raise


def _explain_rows(rows: list[Any], dtype: int, key: str) -> None:
    """Raise the error of the first invalid row."""
    first: tuple[int, ...] | None = None
    for index, row in enumerate(rows):
        try:
            array = to_array(row, dtype)
            first = array.shape if first is None else first
            if array.size != math.prod(first):
                raise invalid(f"Expecting tensor size: {math.prod(first)} but got: {array.size}")
            if array.shape != first:
                raise invalid(f"Expecting shape {_shape(first)} but got: {_shape(array.shape)}")
        except ServingError as error:
            raise _at(index, key, error) from None


def _at(index: int, key: str, error: ServingError) -> ServingError:
    where = f"Failed to process element: {index}" + (f" key: {key}" if key else "")
    return invalid(f"{where} of 'instances' list. Error: {error}")


def _columns(inputs: Any, infos: _Infos) -> dict[str, Array]:
    if not _is_named(inputs):
        if len(infos) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                "required as per tensorinfo_map"
            )
        alias = min(infos)
        return {alias: to_array(inputs, infos[alias].dtype)}
    for alias in infos:
        if alias not in inputs:
            raise invalid(f"Missing named input: {alias} in 'inputs' object.")
    return {alias: to_array(inputs[alias], info.dtype) for alias, info in infos.items()}


def _is_named(value: Any) -> bool:
    """Return whether a value is an object with named inputs, rather than a single input."""
    return isinstance(value, dict) and not is_base64(value)


def _check_batch(outputs: Mapping[str, Array]) -> None:
    size = -1
    for alias, value in outputs.items():
        if value.ndim == 0:
            raise invalid(f"Tensor name: {alias} has no shape information ")
        if size not in (-1, len(value)):
            raise invalid(
                f"Tensor name: {alias} has inconsistent batch size: {len(value)} expecting: {size}"
            )
        size = len(value)


def _merge(values: Mapping[str, str]) -> str:
    """Format one value bare, several as an object."""
    if len(values) == 1:
        return next(iter(values.values()))
    members = (f"{encode_string(alias)}: {text}" for alias, text in values.items())
    return "{" + ", ".join(members) + "}"


def _as_base64(alias: str) -> bool:
    """Return whether the strings of an output are binary, and returned as base64."""
    return alias.endswith("_bytes")


def _shape(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
