"""Frozen graphs: a ``GraphDef`` whose variables have become constants (``.pb``, or as text)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import graph_pb2

from export.contract import DETECTION, DETECTION_EXTRAS, Tensor
from export.errors import SourceError
from export.sources import tf1_import, tf1_tables
from export.sources.fingerprint import fingerprint
from export.sources.formats import Format
from export.sources.location import Location
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source
from export.sources.tf1_candidates import ends_of_inference
from export.sources.tf1_source import graph_source
from export.sources.tf1_tensors import outputs_missing, select
from export.suggestions import listed

v1 = tf.compat.v1

_VARIABLES = ("Variable", "VariableV2", "VarHandleOp")
_MOST_ENDS = 8


def open_frozen_graph(options: SourceOptions, location: Location) -> Source:
    """Load the part of the graph that leads to ``options.outputs``, or to recognized outputs.

    Raise ``SourceError`` if a tensor does not exist, or the graph has variables.
    """
    is_text = location.format == Format.GRAPH_TEXT
    definition = tf1_import.parse(location.path, graph_pb2.GraphDef(), "a graph", is_text)
    if options.exclude_nodes:
        tf1_import.exclude(definition, options.exclude_nodes)
    for node in definition.node:
        node.device = ""
    graph = tf1_import.build(
        location.path, lambda: tf.graph_util.import_graph_def(definition, name="")
    )
    outputs = options.outputs or _recognized(graph)
    selection = select(graph, definition, outputs, options)
    _check_frozen(location, selection.needed)
    made_from = fingerprint(location.path.name, [location.path])
    session = v1.Session(graph=graph)
    tf1_tables.initialize(session, selection.needed)
    return graph_source(session, selection, options.batch, made_from, Restoration(0))


def _check_frozen(location: Location, needed: Mapping[str, Any]) -> None:
    variables = [name for name, node in needed.items() if node.op in _VARIABLES]
    if variables:
        raise SourceError(
            f"{location.path} is not frozen: it has no values for {len(variables)} variables "
            f"({listed(variables)}); pass the checkpoint with its .meta file instead"
        )


def _recognized(graph: Any) -> dict[str, str]:
    """Return the outputs of a detector by name, or the tensors in which the graph ends."""
    names = {operation.name for operation in graph.get_operations()}
    known = [name for name in (*DETECTION, *DETECTION_EXTRAS) if name in names]
    if set(DETECTION) <= set(known):
        return {name: f"{name}:0" for name in known}
    ends = ends_of_inference(graph)
    if not 1 <= len(ends) <= _MOST_ENDS:
        raise outputs_missing(graph)
    return _named(ends)


def _named(tensors: Sequence[Tensor]) -> dict[str, str]:
    """Return the names of tensors by new ones: without scopes or numbers, if these then differ."""
    names = [tensor.name for tensor in tensors]
    whole = [str(tensor.op.name) for tensor in tensors]
    for aliases in ([name.rpartition("/")[2] for name in whole], whole):
        if len(set(aliases)) == len(names):
            return dict(zip(aliases, names, strict=True))
    return {name.replace(":", "_"): name for name in names}
