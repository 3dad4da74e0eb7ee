"""A TensorFlow 1 graph, with values for its variables, as a source."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from export.contract import Tensor
from export.errors import SourceError
from export.sources.source import Restoration, Source
from export.sources.tf1_batch import BatchFixed, check_opened
from export.sources.tf1_graph import FrozenGraph, SessionGraph
from export.sources.tf1_tensors import Selection


def graph_source(
    session: Any,
    selection: Selection,
    batch: int | None,
    made_from: str,
    restoration: Restoration,
) -> Source:
    """Return the selected part of the session's graph, with its batch opened if possible.

    ``batch``: the batch size that was asked for.
    """
    image, feeds, outputs = selection.image, selection.feeds, selection.outputs
    reference = SessionGraph(session, image, feeds, outputs)
    frozen = FrozenGraph(session, image, feeds, outputs)
    shape = _shape(image)
    notes: tuple[str, ...] = ()
    if _has_fixed_batch(image) and batch != image.shape[0]:
        try:
            opened = FrozenGraph(session, image, feeds, outputs, open_batch=True)
            check_opened(opened, reference, image)
            frozen, shape = opened, [None, *image.shape[1:]]
            notes = (f"made for batches of {image.shape[0]}, the graph now takes any number",)
        except BatchFixed as error:
            notes = (_refusal(image, batch, error),)
    return Source(
        made_from=made_from,
        input=tf.TensorSpec(shape, image.dtype),
        infer=frozen,
        reference=reference,
        restoration=restoration,
        notes=notes,
    )


def _has_fixed_batch(image: Tensor) -> bool:
    """Return whether the batch is fixed, and the images' size is known, so that it can be tried."""
    return image.shape.rank is not None and image.shape.rank > 1 and image.shape.is_fully_defined()


def _refusal(image: Tensor, batch: int | None, error: Exception) -> str:
    fixed = image.shape[0]
    reason = f"the graph takes exactly {fixed} images per call: {error}"
    if batch is not None:
        raise SourceError(f"{reason}; --batch {fixed}, or no --batch, serves it like that")
    return reason


def _shape(image: Tensor) -> Any:
    return [None, None, None, 3] if image.shape.rank is None else image.shape
