"""A TensorFlow 1 graph, with values for its variables, as a source."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from export.contract import Tensor
from export.errors import SourceError
from export.sources.dropout import switches
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
    image = selection.image
    reference = SessionGraph(session, image, selection.feeds, selection.outputs)
    infer, shape = _frozen(session, selection), _shape(image)
    notes: tuple[str, ...] = ()
    if _has_fixed_batch(image) and batch != image.shape[0]:
        try:
            infer = _opened(session, selection, reference)
            shape = [None, *image.shape[1:]]
            notes = (f"made for batches of {image.shape[0]}, the graph now takes any number",)
        except BatchFixed as error:
            notes = (_refusal(image, batch, error),)
    spec = tf.TensorSpec(shape, image.dtype)
    tables = tuple(infer.tables.values())
    return Source(
        made_from,
        spec,
        infer,
        reference,
        restoration,
        holds=tables,
        dropout=switches(selection.needed),
        notes=notes,
    )


def _frozen(session: Any, selection: Selection, open_batch: bool = False) -> FrozenGraph:
    return FrozenGraph(
        session, selection.image, selection.feeds, selection.outputs, open_batch=open_batch
    )


def _opened(session: Any, selection: Selection, reference: SessionGraph) -> FrozenGraph:
    """Return the graph with its batch opened. Raise ``BatchFixed`` if its answers then differ."""
    opened = _frozen(session, selection, open_batch=True)
    check_opened(opened, reference, selection.image)
    return opened


def _has_fixed_batch(image: Tensor) -> bool:
    """Return whether the batch is fixed, and the images' size is known, so that it can be tried."""
    shape = image.shape
    is_one_image = shape.rank == 3 and shape[2] in (1, 3)
    return bool(shape.rank and shape.rank > 1 and shape.is_fully_defined() and not is_one_image)


def _refusal(image: Tensor, batch: int | None, error: Exception) -> str:
    fixed = image.shape[0]
    reason = f"the graph takes exactly {fixed} images per call: {error}"
    if batch is not None:
        raise SourceError(f"{reason}; --batch {fixed}, or no --batch, serves it like that")
    return reason


def _shape(image: Tensor) -> Any:
    """Return the input's shape; if its rank is unknown, assume images."""
    unknown = [None] if image.dtype == tf.string else [None, None, None, 3]
    return unknown if image.shape.rank is None else image.shape
