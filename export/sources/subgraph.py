"""Extract the part of a GraphDef that leads from given tensors to others."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

_FED = "fed"


def extract(
    graph: Any,
    ends: Iterable[str],
    fed: Mapping[str, tf.DType],
    without_updates: bool = False,
) -> tuple[Any, dict[str, str]]:
    """Return what ``ends`` need of a GraphDef, with placeholders for the tensors that are fed.

    ``ends``: node names. ``fed``: the dtype of each fed tensor by name. Return the graph, and the
    placeholder of each fed tensor that the ends need. Whatever only leads to fed tensors, such as
    queues and iterators, is dropped.

    ``without_updates``: wait for no updates of variables, such as the moving averages of batch
    normalization, because the variables become constants.
    """
    nodes = {node.name: node for node in graph.node}
    placeholders = {name: f"{_FED}_{number}" for number, name in enumerate(fed)}
    # Control dependencies on fed nodes no longer apply.
    dropped = {f"^{node_of(name)}" for name in fed}
    if without_updates:
        dropped |= {f"^{node.name}" for node in graph.node if changes_variable(node)}
    part = graph_pb2.GraphDef(versions=graph.versions, library=graph.library)
    waiting, seen = sorted(set(ends)), set(ends)
    while waiting:
        node = part.node.add()
        node.CopyFrom(nodes[waiting.pop()])
        node.attr.pop("_class", None)  # it names nodes that may have been dropped
        node.attr.pop("_output_shapes", None)  # these may be of another batch size
        inputs = [
            placeholders.get(_tensor(name), name) for name in node.input if name not in dropped
        ]
        node.ClearField("input")
        node.input.extend(inputs)
        new = {node_of(name) for name in inputs} - seen - set(placeholders.values())
        waiting += sorted(new)
        seen |= new
    return part, _add_placeholders(part, placeholders, fed)


def changes_variable(node: Any) -> bool:
    """Return whether a node of a GraphDef gives a variable another value."""
    return re.match(r"(Assign|Scatter[A-Z]|ResourceScatter|(Resource)?Apply)", node.op) is not None


def _add_placeholders(
    part: Any, placeholders: Mapping[str, str], fed: Mapping[str, tf.DType]
) -> dict[str, str]:
    """Add the placeholders that nodes of the part refer to, and return them by tensor."""
    referenced = {name for node in part.node for name in node.input}
    used = {name: node for name, node in placeholders.items() if node in referenced}
    for name, node in used.items():
        part.node.add(name=node, op="Placeholder").attr["dtype"].type = fed[name].as_datatype_enum
    return used


def with_unique_functions(graph: Any) -> Any:
    """Return the GraphDef with its functions renamed so that no other graph has the same names."""
    suffix = f"_{uuid.uuid4().hex[:12]}"
    names = {
        function.signature.name: function.signature.name + suffix
        for function in graph.library.function
    }
    renamed = graph_pb2.GraphDef()
    renamed.CopyFrom(graph)
    for function in renamed.library.function:
        function.signature.name = names[function.signature.name]
        _rename_calls(function.node_def, names)
    for gradient in renamed.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    _rename_calls(renamed.node, names)
    return renamed


def _rename_calls(nodes: Any, names: Mapping[str, str]) -> None:
    for node in nodes:
        node.op = names.get(node.op, node.op)
        for value in node.attr.values():
            single = [value.func] if value.HasField("func") else []
            for function in (*single, *value.list.func):
                function.name = names.get(function.name, function.name)


def node_of(name: str) -> str:
    """Return the node that an input refers to."""
    return name.removeprefix("^").partition(":")[0]


def _tensor(name: str) -> str:
    """Return an input's full name; graphs omit the number of the first output."""
    return name if ":" in name or name.startswith("^") else f"{name}:0"
