"""The demo model's own checkpoints, for which no builder needs to be named."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from demomodel import weights
from demomodel.decoding import detect
from demomodel.network import INPUT_SIZE, Detector
from export.serving.decoding import Canvas
from export.serving.signatures import Model, Servable
from export.sources import checkpoints as checkpoint
from export.sources.scaling import Scaling
from export.sources.source import Restoration, Source

CANVAS = Canvas(INPUT_SIZE, INPUT_SIZE)


def open_digits(place: Path) -> Source:
    """The demo model with the checkpoint at `place`. Raises CheckpointError.

    The weights are constants of the graph: folded, they cost fewer steps for each call than
    variables would, which a lone camera notices most. The reference is not folded.
    """
    found = checkpoint.find(place)
    network, trained = weights.restore(found), weights.restore(found)
    network.fold()
    return Source(
        origin=f"{found.name} sha256:{found.digest()}",
        input=tf.TensorSpec([None, INPUT_SIZE, INPUT_SIZE, 3], tf.float32),
        infer=detector(network),
        reference=detector(trained),
        restoration=Restoration(len(trained.variables)),
        scaling=Scaling(),
    )


def detector(network: Detector) -> Model:
    """The network and its boxes' selection."""
    return lambda pictures: detect(*network(pictures))


def servable(network: Detector, description: str = "") -> Servable:
    """The network as it is served; it is folded by that."""
    network.fold()
    return Servable(detector(network), CANVAS, description)
