"""Weights to and from TensorFlow checkpoints: the network's variables and nothing else."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from demomodel.network import Detector
from export.errors import CheckpointError
from export.sources.checkpoints import Checkpoint


def save(network: Detector, prefix: Path) -> None:
    """Writes the network's weights as the checkpoint `prefix`, over the one that was there."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tf.train.Checkpoint(network=network).write(str(prefix))


def restore(source: Checkpoint) -> Detector:
    """The network with that checkpoint's weights. Raises CheckpointError if they don't fit."""
    network = Detector()
    try:
        tf.train.Checkpoint(network=network).read(str(source.prefix)).assert_consumed()
    except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{source.prefix} does not fit the network: {reason}") from None
    return network
