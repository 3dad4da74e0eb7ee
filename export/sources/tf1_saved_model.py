"""SavedModels that only the loader of TensorFlow 1 reads.

Functions cannot hold reference variables, and TensorFlow 2 cannot restore the slots of an optimizer
whose class it does not know. The graph runs in a session and the variables become constants.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.contract import Tensor
from export.errors import SourceError, reason_of
from export.sources.metagraphs import Tags, loadable
from export.sources.names import image_input, left_out, select_outputs, select_signature
from export.sources.options import SourceOptions
from export.sources.source import Restoration, Source
from export.sources.tf1_graph import fed_tensor
from export.sources.tf1_source import graph_source
from export.sources.tf1_tensors import Selection
from export.suggestions import look_up

v1 = tf.compat.v1


def open_tf1_saved_model(
    options: SourceOptions, folder: Path, tags: Tags, made_from: str
) -> Source:
    """Load one signature of the SavedModel in ``folder``. Raise ``SourceError``."""
    session, signatures = _load(folder, tags)
    signature = look_up("signature", select_signature(options.signature, signatures), signatures)
    inputs = _tensors(session, signature.inputs)
    feeds = [
        fed_tensor(look_up("input", name, inputs), value) for name, value in options.feeds.items()
    ]
    image = inputs[image_input(options.inputs, options.feeds, inputs)]
    outputs = select_outputs(_tensors(session, signature.outputs), options.outputs)
    with session.graph.as_default():
        restoration = Restoration(len(v1.global_variables()))
    selection = Selection(image, feeds, outputs, {})
    source = graph_source(session, selection, options.batch, made_from, restoration)
    return replace(source, left_out=left_out(signature.outputs, options.outputs))


def _load(folder: Path, tags: Tags) -> tuple[Any, dict[str, Any]]:
    session = v1.Session(graph=tf.Graph(), config=v1.ConfigProto(allow_soft_placement=True))
    try:
        with session.graph.as_default():
            meta = v1.saved_model.load(session, list(tags), str(loadable(folder)))
    except Exception as error:  # damaged files can raise anything
        raise SourceError(f"cannot load {folder}: {reason_of(error)}") from None
    return session, dict(meta.signature_def)


def _tensors(session: Any, infos: Any) -> dict[str, Tensor]:
    return {
        alias: session.graph.get_tensor_by_name(info.name) for alias, info in sorted(infos.items())
    }
