"""Turn an output of vectors into one for each frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from server.backend.contract import EmbeddingOutputs
from server.core.answers import Embedding
from server.core.errors import ModelFailed

Array = np.ndarray[Any, Any]

MAX_VALUES = 4096


def embeddings(outputs: EmbeddingOutputs, arrays: Mapping[str, Array]) -> list[Embedding]:
    """Return one :class:`Embedding` per row. Values that are not finite become 0.

    Raises ModelFailed unless the output is [N,D] with at most ``MAX_VALUES`` numbers per row.
    """
    vectors = arrays[outputs.vector]
    if vectors.ndim != 2 or vectors.dtype == object or vectors.shape[1] > MAX_VALUES:
        shape = list(vectors.shape)
        raise ModelFailed(
            f"its output {outputs.vector!r} has shape {shape}, not [N,D] with at most {MAX_VALUES} "
            "numbers"
        )
    finite = np.nan_to_num(vectors.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return [Embedding(vector) for vector in finite.tolist()]
