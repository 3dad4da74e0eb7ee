"""The demo model as a source for export; its network needs no builder function."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from demomodel import weights
from demomodel.decoding import detect
from demomodel.network import INPUT_SIZE, Detector
from export.serving.decoding import Canvas
from export.serving.signatures import Model, Servable
from export.sources import checkpoints
from export.sources.fingerprint import fingerprint
from export.sources.scaling import Scaling
from export.sources.source import Restoration, Source

CANVAS = Canvas(INPUT_SIZE, INPUT_SIZE)


def open_demo(path: Path) -> Source:
    """Load the demo model with the checkpoint at ``path``. Raise ``CheckpointError``.

    The weights become constants of the graph: folded, they take fewer steps per call than
    variables, which a single camera notices most. The reference is not folded.
    """
    checkpoint = checkpoints.find(path)
    network, reference = weights.restore(checkpoint), weights.restore(checkpoint)
    network.fold()
    return Source(
        made_from=fingerprint(checkpoint.name, checkpoint.files()),
        input=tf.TensorSpec([None, INPUT_SIZE, INPUT_SIZE, 3], tf.float32),
        infer=detector(network),
        reference=detector(reference),
        restoration=Restoration(len(reference.variables)),
        scaling=Scaling(),
    )


def detector(network: Detector) -> Model:
    """Return the network with the decoding of its boxes."""
    return lambda images: detect(*network(images))


def servable(network: Detector) -> Servable:
    """Return the network as it is served. This folds it."""
    network.fold()
    return Servable(detector(network), CANVAS, description="")
