"""The graphs of a SavedModel, which are told apart by their tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from export.contract import GRAPH_FILES
from export.errors import SourceError
from export.sources.plain_paths import plain_folder, with_graph
from framewire import textfile

SERVE = "serve"
"""The tag of the graph that model servers load."""

Tags = tuple[str, ...]

_RELEASE = re.compile(r"[0-9]+(\.[0-9]+)*|")
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


def loadable(folder: Path) -> Path:
    """Return the directory from which TensorFlow can load the SavedModel in ``folder``.

    TensorFlow parses the version that wrote a graph, to know whether its variables say if they are
    trained. It cannot parse that of some builds, such as ``1.12.0-PAI``; without any, it loads.
    """
    if not any((folder / name).exists() for name in GRAPH_FILES):
        return plain_folder(folder)
    model = _parsed(folder)
    infos = [graph.meta_info_def for graph in model.meta_graphs]
    if all(_RELEASE.fullmatch(info.tensorflow_version) for info in infos):
        return plain_folder(folder)
    for info in infos:
        info.ClearField("tensorflow_version")
    return with_graph(folder, model.SerializeToString())


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
