"""TensorFlow 1 checkpoints: a graph in ``.meta``, and the variables' values beside it.

Only the part of the graph that the outputs need is kept, and only its variables are restored; the
optimizer and input queues of training are dropped. The variables then become constants.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import meta_graph_pb2

from export.contract import Tensor
from export.errors import SourceError
from export.sources import tf1_variables
from export.sources.checkpoints import Checkpoint
from export.sources.fingerprint import fingerprint
from export.sources.options import SourceOptions
from export.sources.source import Source
from export.sources.subgraph import extract, node_of
from export.sources.tf1_candidates import likely_outputs
from export.sources.tf1_graph import Feeds, FrozenGraph, SessionGraph, fed_tensor
from export.suggestions import closest, listed

v1 = tf.compat.v1

_PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")


def open_tf1_checkpoint(options: SourceOptions, checkpoint: Checkpoint) -> Source:
    """Load the part of the checkpoint's graph that leads to ``options.outputs``.

    Raise ``SourceError`` if a tensor does not exist, ``CheckpointError`` if a variable has no
    value.
    """
    meta = _read(checkpoint.meta)
    if options.exclude_nodes:
        _exclude(meta, options.exclude_nodes)
    graph = _import(meta, checkpoint.prefix)
    outputs = _outputs(graph, options)
    feeds = [fed_tensor(_tensor(graph, name), value) for name, value in options.feeds.items()]
    named = [_tensor(graph, name) for name in options.inputs.values()]
    needed = _needed(meta, outputs, named, feeds)
    image = _image(graph, options, needed)
    session = v1.Session(graph=graph)
    with graph.as_default():
        restoration = tf1_variables.restore(session, needed, checkpoint.prefix, options)
    return Source(
        made_from=fingerprint(checkpoint.name, [checkpoint.meta, *checkpoint.files()]),
        input=tf.TensorSpec(_shape(image), image.dtype),
        infer=FrozenGraph(session, image, feeds, outputs),
        reference=SessionGraph(session, image, feeds, outputs),
        restoration=restoration,
    )


def _read(path: Path) -> Any:
    meta = meta_graph_pb2.MetaGraphDef()
    try:
        meta.ParseFromString(path.read_bytes())
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except DecodeError:
        raise SourceError(f"{path} is not a meta graph, or is truncated") from None
    return meta


def _exclude(meta: Any, pattern: str) -> None:
    """Remove nodes, everything that depends on them, and variables that are then incomplete."""
    nodes = meta.graph_def.node
    removed = {node.name for node in nodes if re.search(pattern, node.name)}
    while True:
        more = {
            node.name
            for node in nodes
            if node.name not in removed and any(node_of(name) in removed for name in node.input)
        }
        if not more:
            break
        removed |= more
    kept = [node for node in nodes if node.name not in removed]
    del nodes[:]
    nodes.extend(kept)
    tf1_variables.drop_dangling(meta, {node.name for node in kept})


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
    """Return a tensor by name; ``:0`` may be omitted. Raise ``SourceError`` with the closest."""
    try:
        return graph.get_tensor_by_name(name if ":" in name else f"{name}:0")
    except (KeyError, ValueError):
        known = [out.name for op in graph.get_operations() for out in op.outputs]
        raise SourceError(
            f"there is no tensor {name!r} in the graph{closest(name, known)}"
        ) from None


def _outputs(graph: Any, options: SourceOptions) -> dict[str, Tensor]:
    if not options.outputs:
        tensors = likely_outputs(graph)
        hint = f"; most likely first: {listed(tensors)}" if tensors else ""
        raise SourceError(f"name the tensors to serve with --outputs NAME=TENSOR,...{hint}")
    return {alias: _tensor(graph, name) for alias, name in options.outputs.items()}


def _needed(
    meta: Any, outputs: Mapping[str, Tensor], images: list[Tensor], feeds: Feeds
) -> dict[str, Any]:
    """Return the nodes that the outputs need, by name, except those behind fed tensors."""
    fed = {tensor.name: tensor.dtype for tensor in (*images, *(tensor for tensor, _ in feeds))}
    ends = {tensor.op.name for tensor in outputs.values()}
    part, placeholders = extract(meta.graph_def, ends, fed)
    return {node.name: node for node in part.node if node.name not in placeholders.values()}


def _image(graph: Any, options: SourceOptions, needed: Mapping[str, Any]) -> Tensor:
    """Return the tensor that images go into: the one named, or the only placeholder."""
    placeholders = [f"{name}:0" for name, node in needed.items() if node.op in _PLACEHOLDERS]
    if len(options.inputs) > 1:
        raise SourceError(f"--inputs names {len(options.inputs)} inputs; images go to only one")
    if options.inputs:
        image = _tensor(graph, next(iter(options.inputs.values())))
    elif len(placeholders) == 1:
        image = graph.get_tensor_by_name(placeholders[0])
    elif placeholders:
        raise SourceError(
            f"the outputs need {len(placeholders)} inputs: {listed(placeholders)}; name the one "
            "for images with --inputs TENSOR, and give each of the others a constant with --feed "
            "TENSOR=VALUE"
        )
    else:
        raise SourceError(
            "the outputs need no placeholder; name the tensor for images with --inputs TENSOR"
        )
    others = [
        name
        for name in placeholders
        if name != image.name and needed[node_of(name)].op != "PlaceholderWithDefault"
    ]
    if others:
        raise SourceError(
            f"the outputs also need {listed(others)}; give each a constant with --feed TENSOR=VALUE"
        )
    return image


def _shape(image: Tensor) -> Any:
    return [None, None, None, 3] if image.shape.rank is None else image.shape
