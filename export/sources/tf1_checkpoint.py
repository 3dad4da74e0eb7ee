"""TensorFlow 1 checkpoints: a graph in ``.meta``, and the variables' values beside it.

Only the part of the graph that the outputs need is kept, and only its variables are restored; the
optimizer and input queues of training are dropped. The variables then become constants.
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from export.sources import tf1_import, tf1_tables, tf1_variables
from export.sources.checkpoints import Checkpoint
from export.sources.fingerprint import fingerprint
from export.sources.options import SourceOptions
from export.sources.source import Source
from export.sources.tf1_source import graph_source
from export.sources.tf1_tensors import outputs_missing, select

v1 = tf.compat.v1


def open_tf1_checkpoint(options: SourceOptions, checkpoint: Checkpoint) -> Source:
    """Load the part of the checkpoint's graph that leads to ``options.outputs``.

    Raise ``SourceError`` if a tensor does not exist, ``CheckpointError`` if a variable has no
    value.
    """
    made_from = fingerprint(checkpoint.name, [checkpoint.meta, *checkpoint.files()])
    meta = tf1_import.parse(checkpoint.meta, meta_graph_pb2.MetaGraphDef(), "a meta graph")
    # It says whether variables tell if they are trained, and of some builds it cannot be parsed.
    meta.meta_info_def.ClearField("tensorflow_version")
    if options.exclude_nodes:
        kept = tf1_import.exclude(meta.graph_def, options.exclude_nodes)
        tf1_variables.drop_dangling(meta, kept)
    graph = tf1_import.build(
        checkpoint.prefix, lambda: v1.train.import_meta_graph(meta, clear_devices=True)
    )
    if not options.outputs:
        raise outputs_missing(graph)
    selection = select(graph, meta.graph_def, options.outputs, options)
    session = v1.Session(graph=graph)
    with graph.as_default():
        restoration = tf1_variables.restore(session, selection.needed, checkpoint.prefix, options)
        tf1_tables.initialize(session, selection.needed)
    return graph_source(session, selection, options.batch, made_from, restoration)
