"""Classify and Regress in JSON: features to tf.Examples, results to lists."""

from __future__ import annotations

from typing import Any

from tensorflow.core.example import example_pb2

from modelserver.rest.decode import decode_base64, is_base64
from modelserver.rest.documents import to_bytes, type_name, wrong
from modelserver.rest.encode import encode_float, encode_string
from modelserver.status import invalid

_INT64 = (-(2**63), 2**63 - 1)
_WORDS = {"bytes_list": "bytes", "float_list": "float", "int64_list": "int64"}


def read(document: dict[str, Any], inputs: Any) -> None:
    """Fill an Input from a request's examples and context.

    Raise ``ServingError`` with INVALID_ARGUMENT and the reason.
    """
    target = inputs.example_list
    if "context" in document:
        target = inputs.example_list_with_context
        target.context.CopyFrom(_example(document["context"]))
    if "examples" not in document:
        raise wrong(
            document, "When method is classify, key 'examples' is expected and was not found"
        )
    examples = document["examples"]
    if not isinstance(examples, list):
        raise wrong(document, "Expecting 'examples' value to be an list/array")
    if not examples:
        raise wrong(document, "'examples' value is an empty array")
    target.examples.extend(_example(example) for example in examples)


def write_classes(result: Any) -> str:
    """Format a ClassificationResult: a list of [label, score] for each example."""
    if not result.classifications:
        raise invalid("Cannot convert empty ClassificationResults to JSON")
    rows = [
        ", ".join(f"[{encode_string(one.label)}, {encode_float(one.score)}]" for one in row.classes)
        for row in result.classifications
    ]
    return _results(f"[{row}]" for row in rows)


def write_values(result: Any) -> str:
    """Format a RegressionResult: a number for each example."""
    if not result.regressions:
        raise invalid("Cannot convert empty RegressionResults to JSON")
    return _results(encode_float(regression.value) for regression in result.regressions)


def _results(texts: Any) -> str:
    return f'{{\n    "results": [{", ".join(texts)}]\n}}'


def _example(value: Any) -> Any:
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {type_name(value)}")
    example = example_pb2.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for element in content if isinstance(content, list) else [content]:
            _add(element, name, feature)
    return example


def _add(element: Any, name: str, feature: Any) -> None:
    """Append a value to a feature; all values of a feature have one type."""
    kind, value = _kind(element, name)
    current = feature.WhichOneof("kind")
    if current not in (None, kind):
        raise invalid(
            f"Unexpected element type in feature: {name} expecting type: {_WORDS[current]}"
        )
    getattr(feature, kind).value.append(value)


def _kind(element: Any, name: str) -> tuple[str, Any]:
    if isinstance(element, bool):
        return "int64_list", int(element)
    if isinstance(element, float):
        return "float_list", element
    if isinstance(element, int):
        if not _INT64[0] <= element <= _INT64[1]:
            raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
        return "int64_list", element
    if isinstance(element, str):
        return "bytes_list", to_bytes(element)
    if is_base64(element):
        return "bytes_list", decode_base64(element)
    raise invalid(f"Feature: {name} has element with unexpected JSON type: {type_name(element)}")
