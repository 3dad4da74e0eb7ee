"""The part of a graph that leads from certain tensors to others."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

_FED = "fed"


def cut(graph: Any, ends: Iterable[str], fed: Mapping[str, tf.DType]) -> tuple[Any, dict[str, str]]:
    """What `ends` need of a GraphDef, with placeholders for the tensors that are fed.

    ends: names of nodes. fed: the dtype of each fed tensor, by its name. Returns the graph, and
    the placeholder of each fed tensor that the ends need. What only the fed tensors needed, such
    as queues and iterators, is left out.
    """
    nodes = {node.name: node for node in graph.node}
    places = {name: f"{_FED}_{number}" for number, name in enumerate(fed)}
    found = graph_pb2.GraphDef(versions=graph.versions, library=graph.library)
    turns = {f"^{node_of(name)}" for name in fed}  # whose turn it was first matters no longer
    waiting, seen = sorted(set(ends)), set(ends)
    while waiting:
        node = found.node.add()
        node.CopyFrom(nodes[waiting.pop()])
        node.attr.pop("_class", None)  # it names nodes that may be gone
        inputs = [places.get(_tensor(each), each) for each in node.input if each not in turns]
        node.ClearField("input")
        node.input.extend(inputs)
        new = {node_of(each) for each in inputs} - seen - set(places.values())
        waiting += sorted(new)
        seen |= new
    taken = {each for node in found.node for each in node.input}
    used = {name: place for name, place in places.items() if place in taken}
    for name, place in used.items():
        found.node.add(name=place, op="Placeholder").attr["dtype"].type = fed[name].as_datatype_enum
    return found, used


def with_own_functions(graph: Any) -> Any:
    """The GraphDef with its functions under names that no other graph in this process has."""
    fresh = f"_{uuid.uuid4().hex[:12]}"
    names = {each.signature.name: each.signature.name + fresh for each in graph.library.function}
    renamed = graph_pb2.GraphDef()
    renamed.CopyFrom(graph)
    for function in renamed.library.function:
        function.signature.name = names[function.signature.name]
        _rename_all(function.node_def, names)
    for gradient in renamed.library.gradient:
        gradient.function_name = names.get(gradient.function_name, gradient.function_name)
        gradient.gradient_func = names.get(gradient.gradient_func, gradient.gradient_func)
    _rename_all(renamed.node, names)
    return renamed


def _rename_all(nodes: Any, names: Mapping[str, str]) -> None:
    for node in nodes:
        node.op = names.get(node.op, node.op)
        for value in node.attr.values():
            one = [value.func] if value.HasField("func") else []
            for each in (*one, *value.list.func):
                each.name = names.get(each.name, each.name)


def node_of(name: str) -> str:
    """The node that an input's name stands for."""
    return name.removeprefix("^").partition(":")[0]


def _tensor(name: str) -> str:
    """An input's name in full: the first output's number is left out in graphs."""
    return name if ":" in name or name.startswith("^") else f"{name}:0"
