"""SavedModels that only the loader of TensorFlow 1 reads.

Functions cannot hold reference variables, and TensorFlow 2 cannot restore the slots of an optimizer
whose class it does not know. The graph runs in a session and the variables become constants.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from export.contract import BYTES, Tensor
from export.errors import SourceError
from export.sources.names import image_input, select_outputs
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source
from export.sources.tf1_graph import FrozenGraph, SessionGraph, fed_tensor
from export.suggestions import look_up

v1 = tf.compat.v1

_REFERENCES = ("Variable", "VariableV2")


def needs_session(folder: Path) -> bool:
    """Return whether the SavedModel in ``folder`` must be opened by this module."""
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString((folder / "saved_model.pb").read_bytes())
    except (OSError, DecodeError):  # loading it will report what is wrong
        return False
    return any(_has_references(graph) or _has_slots(graph) for graph in model.meta_graphs)


def _has_references(graph: Any) -> bool:
    return any(node.op in _REFERENCES for node in graph.graph_def.node)


def _has_slots(graph: Any) -> bool:
    """Return whether an optimizer was saved, which only its own class could restore."""
    return any(node.slot_variables for node in graph.object_graph_def.nodes)


def open_tf1_saved_model(options: SourceOptions, folder: Path, made_from: str) -> Source:
    """Load one signature of the SavedModel in ``folder``. Raise ``SourceError``."""
    session, signatures = _load(folder)
    signature = look_up("signature", options.signature or BYTES, signatures)
    inputs = _tensors(session, signature.inputs)
    feeds = [
        fed_tensor(look_up("input", name, inputs), value) for name, value in options.feeds.items()
    ]
    image = inputs[image_input(options.inputs, options.feeds, inputs)]
    outputs = select_outputs(_tensors(session, signature.outputs), options.outputs)
    shape = [None, None, None, 3] if image.shape.rank is None else image.shape
    with session.graph.as_default():
        count = len(v1.global_variables())
    return Source(
        made_from=made_from,
        input=tf.TensorSpec(shape, image.dtype),
        infer=FrozenGraph(session, image, feeds, outputs),
        reference=SessionGraph(session, image, feeds, outputs),
        restoration=Restoration(count),
    )


def _load(folder: Path) -> tuple[Any, dict[str, Any]]:
    session = v1.Session(graph=tf.Graph(), config=v1.ConfigProto(allow_soft_placement=True))
    try:
        with session.graph.as_default():
            meta = v1.saved_model.load(session, [v1.saved_model.tag_constants.SERVING], str(folder))
    except Exception as error:  # damaged files can raise anything
        reason = " ".join(str(error).split())[:300]
        raise SourceError(f"cannot load {folder}: {reason}") from None
    return session, dict(meta.signature_def)


def _tensors(session: Any, infos: Any) -> dict[str, Tensor]:
    return {
        alias: session.graph.get_tensor_by_name(info.name) for alias, info in sorted(infos.items())
    }
