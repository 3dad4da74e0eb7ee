"""Read a TensorFlow 1 graph from a file, and build it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from export.errors import SourceError, reason_of
from export.sources.subgraph import node_of
from framewire import textfile


def parse(path: Path, message: Any, words: str, text: bool = False) -> Any:
    """Return ``message``, filled from a file. Raise ``SourceError``, which calls it ``words``."""
    try:
        if text:
            return text_format.Parse(textfile.read(path), message)
        contents = path.read_bytes()
        if not contents:
            raise SourceError(f"{path} is empty: it was not written or copied completely")
        message.ParseFromString(contents)
        return message
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except (DecodeError, text_format.ParseError, ValueError):
        raise SourceError(f"{path} is not {words}, or is truncated") from None


def build(source: Path, add_nodes: Callable[[], Any]) -> Any:
    """Return the graph that ``add_nodes`` fills. Raise ``SourceError``, which names ``source``."""
    graph = tf.Graph()
    try:
        with graph.as_default():
            add_nodes()
    except (ValueError, KeyError, tf.errors.OpError) as error:
        raise SourceError(
            f"cannot read the graph of {source}: {reason_of(error)}; --exclude-nodes leaves parts "
            "of it out"
        ) from None
    return graph


def exclude(graph: Any, pattern: str) -> set[str]:
    """Remove nodes and everything that depends on them, and return the names of the rest."""
    nodes = graph.node
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
    return {node.name for node in kept}
