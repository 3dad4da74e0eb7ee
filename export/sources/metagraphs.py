"""The graphs of a SavedModel, which are told apart by their tags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from export.contract import GRAPH_FILES
from export.errors import SourceError
from framewire import textfile

SERVE = "serve"
"""The tag of the graph that model servers load."""

Tags = tuple[str, ...]

_REFERENCES = ("Variable", "VariableV2")


@dataclass(frozen=True)
class MetaGraph:
    """One graph of a SavedModel.

    ``needs_session``: only the loader of TensorFlow 1 reads it. It has reference variables, which
    functions cannot hold, or slots of an optimizer, whose class only its own Keras has.
    """

    tags: Tags
    needs_session: bool


def choose(folder: Path, tags: Tags | None) -> MetaGraph:
    """Return the graph with ``tags``, by default the one that model servers load.

    Raise ``SourceError`` that names the tags of all graphs.
    """
    graphs = _graphs(folder)
    if tags is not None:
        found = [one for one in graphs if set(one.tags) == set(tags)]
    else:
        found = [one for one in graphs if set(one.tags) == {SERVE}]
        found = found or [one for one in graphs if SERVE in one.tags]
        found = found or [one for one in graphs if len(graphs) == 1 or not one.tags]
    if len(found) != 1:
        named = ", ".join(",".join(one.tags) or "no tags" for one in graphs)
        wanted = "" if tags is None else f" none with the tags {','.join(tags)}:"
        count = f"{len(graphs)} graphs" if len(graphs) > 1 else "one graph"
        raise SourceError(f"{folder} has {count},{wanted} choose with --tags: {named}")
    return found[0]


def _graphs(folder: Path) -> list[MetaGraph]:
    return [
        MetaGraph(
            tuple(graph.meta_info_def.tags),
            any(node.op in _REFERENCES for node in graph.graph_def.node)
            or any(node.slot_variables for node in graph.object_graph_def.nodes),
        )
        for graph in _parsed(folder).meta_graphs
    ]


def _parsed(folder: Path) -> Any:
    model = saved_model_pb2.SavedModel()
    path = next(folder / name for name in GRAPH_FILES if (folder / name).exists())
    try:
        if path.suffix == ".pbtxt":
            text_format.Parse(textfile.read(path), model)
        else:
            model.ParseFromString(path.read_bytes())
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except (DecodeError, text_format.ParseError, ValueError):
        raise SourceError(f"{path} is not the graph of a SavedModel, or is truncated") from None
    if not model.meta_graphs:
        raise SourceError(f"{path} contains no graph: it is empty or truncated")
    return model
