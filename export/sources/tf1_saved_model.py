"""SavedModels of TensorFlow 1 with variables of its first kind, which functions cannot hold: they
are run in a session, and become constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from export.errors import SourceError
from export.sources.names import look_up, only, renamed
from export.sources.options import Wish
from export.sources.source import Restoration, Source, Tensor
from export.sources.tf1_graph import Frozen, Running, fed_tensor

v1 = tf.compat.v1

_REFERENCES = ("Variable", "VariableV2")
_DEFAULT = "serving_default"


def has_reference_variables(folder: Path) -> bool:
    """Whether the SavedModel in `folder` must be opened here."""
    model = saved_model_pb2.SavedModel()
    try:
        model.ParseFromString((folder / "saved_model.pb").read_bytes())
    except (OSError, DecodeError):  # whoever loads it says what is wrong
        return False
    return any(
        node.op in _REFERENCES for graph in model.meta_graphs for node in graph.graph_def.node
    )


def open_saved_graph(wish: Wish, folder: Path, origin: str) -> Source:
    """One signature of the SavedModel in `folder`. Raises SourceError."""
    session, signatures = _load(folder)
    name = wish.signature or _DEFAULT
    signature = look_up("signature", name, signatures)
    inputs = _tensors(session, signature.inputs)
    fed = [fed_tensor(look_up("input", each, inputs), wish.feeds[each]) for each in wish.feeds]
    alias = only("input", wish.inputs, [each for each in inputs if each not in wish.feeds])
    others = set(inputs) - {alias, *wish.feeds}
    if others:
        raise SourceError(f"say what the other inputs get with --feed: {', '.join(sorted(others))}")
    outputs = renamed(_tensors(session, signature.outputs), wish.outputs)
    picture = inputs[alias]
    shape = [None, None, None, 3] if picture.shape.rank is None else picture.shape
    with session.graph.as_default():
        count = len(v1.global_variables())
    return Source(
        origin=origin,
        input=tf.TensorSpec(shape, picture.dtype),
        infer=Frozen(session, picture, fed, outputs),
        reference=Running(session, picture, fed, outputs),
        restoration=Restoration(count),
    )


def _load(folder: Path) -> tuple[Any, dict[str, Any]]:
    session = v1.Session(graph=tf.Graph(), config=v1.ConfigProto(allow_soft_placement=True))
    try:
        with session.graph.as_default():
            meta = v1.saved_model.load(session, [v1.saved_model.tag_constants.SERVING], str(folder))
    except Exception as error:  # anything, for what lies there may be anything
        reason = " ".join(str(error).split())[:300]
        raise SourceError(f"cannot load {folder}: {reason}") from None
    return session, dict(meta.signature_def)


def _tensors(session: Any, infos: Any) -> dict[str, Tensor]:
    return {
        alias: session.graph.get_tensor_by_name(info.name) for alias, info in sorted(infos.items())
    }
