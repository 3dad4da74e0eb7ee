"""Checkpoint to published version: restore, write, verify, rename."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from export import checkpoint, publication, verification, weights
from export.checkpoint import Checkpoint
from export.description import describe
from export.errors import PublishError
from export.sources import digits


def publish(
    source: Path, target: Path, version: int | None = None, say: Callable[[str], None] = print
) -> Path:
    """Makes the checkpoint at `source` the next version (or `version`) of the model `target`.

    say: called with a line for each thing done. Returns the version's folder.
    Raises ExportError, and then nothing is published.
    """
    found = checkpoint.find(source)
    network = weights.restore(found)
    say(f"checkpoint  {found.prefix} ({network.parameters():,} parameters)")
    description = describe(target.resolve().name, found)
    with publication.staged(target, version) as (staging, place):
        _write(found, description, staging)
        report = verification.verify(staging, network, description)
        say(
            f"verified    {report.boxes} boxes in {report.pictures} pictures, off by "
            f"{report.difference:.1e} at most (allowed {verification.TOLERANCE:.0e})"
        )
    say(f"published   {place}")
    return place


def _write(source: Checkpoint, description: str, folder: Path) -> None:
    servable = digits.servable(weights.restore(source), description)
    try:
        tf.saved_model.save(servable, str(folder), signatures=servable.signatures())
    except tf.errors.OpError as error:
        raise PublishError(f"cannot write {folder}: {error.message}") from None
