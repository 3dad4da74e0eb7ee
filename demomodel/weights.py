"""Save and restore the network's weights as TensorFlow checkpoints, and nothing else."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from demomodel.network import Detector
from export.errors import CheckpointError
from export.sources.checkpoints import Checkpoint


def save(network: Detector, prefix: Path) -> None:
    """Write the weights to the checkpoint ``prefix``, replacing an existing one."""
    prefix.parent.mkdir(parents=True, exist_ok=True)
    tf.train.Checkpoint(network=network).write(str(prefix))


def restore(checkpoint: Checkpoint) -> Detector:
    """Return a network with the checkpoint's weights.

    Raise ``CheckpointError`` if they do not fit.
    """
    network = Detector()
    try:
        tf.train.Checkpoint(network=network).read(str(checkpoint.prefix)).assert_consumed()
    except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise CheckpointError(f"{checkpoint.prefix} does not fit the network: {reason}") from None
    return network
