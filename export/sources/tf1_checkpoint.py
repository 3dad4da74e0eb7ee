"""TensorFlow 1 checkpoints: a graph in `.meta`, its variables' values in `.index` and `.data-*`.

The graph is cut down to what the outputs need, so of its variables only those are restored that
matter, and what training added, optimizer and queues, is gone. The variables then become constants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2

from export.errors import SourceError
from export.sources import tf1_variables as graph_variables
from export.sources.checkpoints import Checkpoint
from export.sources.fingerprint import origin
from export.sources.names import listed, nearest
from export.sources.options import Wish
from export.sources.source import Source, Tensor
from export.sources.subgraph import cut, node_of
from export.sources.tf1_graph import Fed, Frozen, Running, fed_tensor

v1 = tf.compat.v1

_TRAINING = re.compile(r"(gradients|save|ExponentialMovingAverage|\w*Optimizer|\w*Initializer)\b")
"""What stands at the beginning of the names that TensorFlow gives to training's own nodes."""

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")


def open_meta_graph(wish: Wish, prefix: Path) -> Source:
    """The part of the checkpoint's graph that leads to `wish.outputs`, with its values.

    Raises SourceError if a tensor is not there, CheckpointError if a variable is not.
    """
    meta = _read(prefix.with_name(f"{prefix.name}.meta"))
    if wish.exclude_nodes:
        _exclude(meta, wish.exclude_nodes)
    graph = _import(meta, prefix)
    outputs = _outputs(graph, wish)
    fed = [fed_tensor(_tensor(graph, name), value) for name, value in wish.feeds.items()]
    needed = _needed(meta, outputs, [_tensor(graph, name) for name in wish.inputs.values()], fed)
    picture = _picture(graph, wish, needed)
    session = v1.Session(graph=graph)
    with graph.as_default():
        restoration = graph_variables.restore(session, needed, prefix, wish)
    found = Checkpoint(prefix)
    files = [prefix.with_name(f"{prefix.name}.meta"), *found.files()]
    return Source(
        origin=origin(found.name, files),
        input=tf.TensorSpec(_shape(picture), picture.dtype),
        infer=Frozen(session, picture, fed, outputs),
        reference=Running(session, picture, fed, outputs),
        restoration=restoration,
    )


def _read(path: Path) -> Any:
    meta = meta_graph_pb2.MetaGraphDef()
    try:
        meta.ParseFromString(path.read_bytes())
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except DecodeError:
        raise SourceError(f"{path} is no meta graph, or is cut short") from None
    return meta


def _exclude(meta: Any, pattern: str) -> None:
    """Takes nodes out, whatever needs them, and the variables that are then in pieces."""
    nodes = meta.graph_def.node
    gone = {node.name for node in nodes if re.search(pattern, node.name)}
    while True:
        more = {
            node.name
            for node in nodes
            if node.name not in gone and any(node_of(each) in gone for each in node.input)
        }
        if not more:
            break
        gone |= more
    kept = [node for node in nodes if node.name not in gone]
    del nodes[:]
    nodes.extend(kept)
    graph_variables.keep_whole(meta, {node.name for node in kept})


def _import(meta: Any, prefix: Path) -> Any:
    graph = tf.Graph()
    try:
        with graph.as_default():
            v1.train.import_meta_graph(meta, clear_devices=True)
    except (ValueError, KeyError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:300]
        raise SourceError(
            f"cannot read the graph of {prefix}: {reason}; --exclude-nodes leaves parts of it out"
        ) from None
    return graph


def _tensor(graph: Any, name: str) -> Tensor:
    """A tensor by its name; `:0` may be left out. Raises SourceError that tells the nearest."""
    try:
        return graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
    except (KeyError, ValueError):
        there = [out.name for op in graph.get_operations() for out in op.outputs]
        raise SourceError(
            f"there is no tensor {name!r} in the graph{nearest(name, there)}"
        ) from None


def _outputs(graph: Any, wish: Wish) -> dict[str, Tensor]:
    if not wish.outputs:
        ends = [
            op.outputs[0].name
            for op in graph.get_operations()
            if op.outputs and op.outputs[0].dtype.is_floating and not op.outputs[0].consumers()
            if not _TRAINING.match(op.name)
        ]
        raise SourceError(
            f"say with --outputs which tensors to serve; ends are {listed(ends[::-1])}"
        )
    return {alias: _tensor(graph, name) for alias, name in wish.outputs.items()}


def _needed(
    meta: Any, outputs: Mapping[str, Tensor], pictures: list[Tensor], fed: Fed
) -> dict[str, Any]:
    """The nodes that the outputs need, by name, without what leads to the tensors that are fed."""
    given = {tensor.name: tensor.dtype for tensor in (*pictures, *(each for each, _ in fed))}
    part, places = cut(meta.graph_def, {tensor.op.name for tensor in outputs.values()}, given)
    return {node.name: node for node in part.node if node.name not in places.values()}


def _picture(graph: Any, wish: Wish, needed: Mapping[str, Any]) -> Tensor:
    """The tensor that pictures are put in: the one named, or the only placeholder."""
    open_inputs = [f"{name}:0" for name, node in needed.items() if node.op in _PLACEHOLDERS]
    if len(wish.inputs) > 1:
        raise SourceError(f"--inputs names {len(wish.inputs)} inputs; pictures go into one")
    if wish.inputs:
        picture = _tensor(graph, next(iter(wish.inputs.values())))
    elif len(open_inputs) == 1:
        picture = graph.get_tensor_by_name(open_inputs[0])
    else:
        raise SourceError(
            "say with --inputs which tensor takes pictures; "
            f"the outputs need {listed(open_inputs) if open_inputs else 'no placeholder'}"
        )
    others = [
        name
        for name in open_inputs
        if name != picture.name and needed[node_of(name)].op != "PlaceholderWithDefault"
    ]
    if others:
        raise SourceError(
            f"the outputs need {listed(others)} as well; say what with --feed NAME=VALUE"
        )
    return picture


def _shape(picture: Tensor) -> Any:
    return [None, None, None, 3] if picture.shape.rank is None else picture.shape
