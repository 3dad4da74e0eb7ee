"""Tell models that decode images from models of texts: both take strings."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from export.errors import SourceError
from export.sources.source import Source

_DECODERS = re.compile(r"(.*>)?Decode(AndCrop|Image|Jpeg|Png|Bmp|Gif|Web)")
"""Operations that turn a file of an image into pixels. Extensions put ``IO>`` before the name."""


def check_decodes(source: Source) -> None:
    """Raise ``SourceError`` if a model takes strings and decodes no images.

    It would answer for the bytes of a file as it does for any other text.
    """
    if not source.takes_bytes or source.input.shape.rank != 1:
        return
    function = tf.function(source.infer, input_signature=[source.input], autograph=False)
    try:
        graph = function.get_concrete_function().graph.as_graph_def()
    except Exception:  # it fails for images, too, which is reported with the reason
        return
    if not any(map(_DECODERS.match, _operations(graph))):
        raise SourceError(
            "the model takes strings and decodes no images, so they are texts or other data; its "
            "strings must be JPEG and PNG images (use --signature or --inputs for another input)"
        )


def _operations(graph: Any) -> set[str]:
    """Return the operations of a graph and of the functions that it can call."""
    bodies = [graph.node, *(function.node_def for function in graph.library.function)]
    return {node.op for body in bodies for node in body}
