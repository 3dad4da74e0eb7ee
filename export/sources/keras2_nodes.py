"""Convert the connections between the layers of a Keras 2 model.

Keras 2 refers to a tensor by ``[layer, node, tensor]``, followed by the arguments of the call:
``node`` counts the calls of the layer. Calls of a nested model count from 1 if the model has inputs
of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Config = dict[str, Any]

_CONSTANT = "_CONSTANT_VALUE"
_UNTRANSLATED = ("name", "training", "mask")


def connect(model: Config) -> Config:
    """Return the configuration of a model, whose layers are converted, with its connections."""
    first = _first_calls(model)
    layers = [
        {**layer, "inbound_nodes": [_node(layer, node, first) for node in layer["inbound_nodes"]]}
        for layer in model["layers"]
    ]
    nested = {layer["name"] for layer in layers if layer["class_name"] == "Model"}
    return {
        "name": model["name"],
        "layers": layers,
        "input_layers": _leaves(model["input_layers"], first, frozenset()),
        "output_layers": _leaves(model["output_layers"], first, nested),
    }


def _first_calls(model: Config) -> dict[str, int]:
    """Return the number of each layer's first call: 0, or 1 if it refers to more than it has."""
    calls = {layer["name"]: max(1, len(layer["inbound_nodes"])) for layer in model["layers"]}
    nodes = [layer["inbound_nodes"] for layer in model["layers"]]
    first = dict.fromkeys(calls, 0)
    for name, call, *_ in _references([nodes, model["output_layers"]], calls):
        if call >= calls[name]:
            first[name] = 1
    return first


def _references(value: Any, names: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield all references to tensors in a nested structure."""
    if _is_reference(value, names):
        yield value
        value = value[3:]
    items = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for item in items:
            yield from _references(item, names)


def _is_reference(value: Any, names: Mapping[str, Any]) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and value[0] in names
        and all(isinstance(number, int) for number in value[1:3])
    )


def _node(layer: Config, node: Any, first: Mapping[str, int]) -> Config:
    """Return the arguments of one call of a layer."""
    if isinstance(node, list) and len(node) == 1 and layer["class_name"] != "TensorFlowOperation":
        node = node[0]
    options = {
        name: _argument(value, first)
        for name, value in _options(node).items()
        if name not in _UNTRANSLATED
    }
    return {"args": [_argument(node, first)], "kwargs": options}


def _options(node: Any) -> Config:
    """Return the keyword arguments, which Keras 2 repeats beside each tensor."""
    if not isinstance(node, list) or not node:
        return {}
    if isinstance(node[0], str):
        return dict(node[3]) if len(node) == 4 else {}
    return _options(node[0])


def _argument(value: Any, first: Mapping[str, int]) -> Any:
    if isinstance(value, list) and value[:1] == [_CONSTANT]:
        return value[2]
    if _is_reference(value, first):
        name, call, tensor = value[:3]
        history = [name, call - first[name], tensor]
        config = {"shape": [], "dtype": "float32", "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, list):
        return [_argument(item, first) for item in value]
    if isinstance(value, dict):
        return {name: _argument(item, first) for name, item in value.items()}
    return value


def _leaves(value: Any, first: Mapping[str, int], nested: set[str] | frozenset[str]) -> Any:
    """Return a model's inputs or outputs; Keras 3 counts the calls of nested models from 1."""
    if isinstance(value, dict):
        return {name: _leaves(item, first, nested) for name, item in value.items()}
    if _is_reference(value, first):
        name, call, tensor = value[:3]
        return [name, call - first[name] + (name in nested), tensor]
    return [_leaves(item, first, nested) for item in value]
