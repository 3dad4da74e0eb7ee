"""The ConfigProto of TensorFlow sessions: the defaults, and the flags that override them."""

from __future__ import annotations

import os
from typing import Any

from tensorflow.core.protobuf import config_pb2

from modelserver.options import text_files
from modelserver.options.flags import FlagError, Options


def from_flags(options: Options) -> Any:
    """Return the ConfigProto that the flags ask for.

    Raise ``ServingError`` if they contradict each other, or name a file that cannot be read.
    """
    both = options.tensorflow_session_parallelism
    intra, inter = options.tensorflow_intra_op_parallelism, options.tensorflow_inter_op_parallelism
    if both > 0 and intra > 0 and inter > 0:
        raise FlagError(
            "set --tensorflow_session_parallelism, or the intra_op and inter_op flags, not all"
        )
    config = session_config(intra or both, inter or both)
    if options.tensorflow_session_config_file:
        given = text_files.read(options.tensorflow_session_config_file, config_pb2.ConfigProto())
        if intra or inter or both:
            given.ClearField("intra_op_parallelism_threads")
            given.ClearField("inter_op_parallelism_threads")
        config.MergeFrom(given)
    return config


def cpus() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def session_config(intra_op: int = 0, inter_op: int = 0) -> Any:
    """Return the default ConfigProto; 0 threads means choose here.

    The gateway keeps two or three calls in progress, and running whole batches in parallel is
    faster than spreading one operation over all processors (``docs/modelserver.md`` has the
    numbers). Each session has its own threads, so that a slow model does not delay another.
    """
    return config_pb2.ConfigProto(
        intra_op_parallelism_threads=intra_op or max(1, cpus() // 3),
        inter_op_parallelism_threads=inter_op or cpus(),
        use_per_session_threads=True,
        allow_soft_placement=True,
        device_count={"GPU": 0},
    )
