"""Trained model to version: decide, write, verify, and one rename."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import tensorflow as tf

from demomodel.network import LABELS
from demomodel.source import open_digits
from export.errors import PublishError
from export.publishing import local as publication
from export.serving import warmup
from export.serving.conversion import Conversion, PictureWish, decide
from export.serving.description import describe
from export.sources.source import Source
from export.tasks.task import TaskWish
from export.verification import golden as goldens
from export.verification import report as reports
from export.verification.golden import Golden
from export.verification.report import Report
from export.verification.verify import Thoroughness, verify_new


@dataclass(frozen=True)
class Order:
    """What is to be made, and how.

    labels: their file, or they themselves. pictures: a folder of pictures to compare answers on
    and to warm up with; None for drawn ones. max_batch: pictures in one call at most; None if the
    model sets no bound. warm_up: whether to write warm-up records.
    """

    source: Source
    input: PictureWish = field(default_factory=PictureWish)
    task: TaskWish = field(default_factory=TaskWish)
    labels: Path | tuple[str, ...] | None = None
    pictures: Path | None = None
    max_batch: int | None = None
    warm_up: bool = True
    full: bool = True


DEFAULT_BATCH = 16
"""How many pictures the gateway sends at most, unless its settings say otherwise."""


def demo(checkpoint: Path, full: bool = False) -> Order:
    """The demo model's. Raises CheckpointError."""
    return Order(open_digits(checkpoint), task=TaskWish(first_class=0), labels=LABELS, full=full)


def publish(
    order: Order, target: Path, version: int | None = None, say: Callable[[str], None] = print
) -> Path:
    """Makes the next version (or `version`) of the model in the folder `target`.

    say: called with a line for each thing done. Returns the version's folder.
    Raises ExportError, and then there is no new version.
    """
    say(f"source      {order.source.origin}")
    pictures = goldens.from_folder(order.pictures) if order.pictures else goldens.rendered()
    conversion = decide(order.source, order.input, order.task, order.labels, pictures)
    _tell(conversion, say)
    golden = Golden(pictures, goldens.answers(conversion, pictures))
    name = target.resolve().name
    how = Thoroughness(order.full, order.max_batch or DEFAULT_BATCH)
    with publication.staged(target, version) as (staging, place):
        try:
            _write(order, conversion, golden, name, staging)
            report = Report(f"{name}/{place.name}")
            verify_new(report, staging, conversion, golden, how)
            (staging / reports.FILE).write_text(report.encode(), "utf-8")
        except tf.errors.OpError as error:
            raise PublishError(f"cannot write {staging}: {error.message}") from None
    for check in report.checks:
        say(f"{'passed':12}{check.name}: {check.found}")
    say(f"version     {place}")
    return place


def _tell(conversion: Conversion, say: Callable[[str], None]) -> None:
    task, canvas = conversion.task, conversion.canvas
    labels = f", {len(conversion.labels)} labels" if conversion.labels else ""
    say(f"task        {task.name}{labels}")
    if canvas is not None:
        how = "letterbox" if canvas.letterbox else "stretch"
        say(f"pictures    {canvas.width}x{canvas.height}, {how}, scaling {conversion.scaling}")
    for note in conversion.notes():
        say(f"note        {note}")


def _write(order: Order, conversion: Conversion, golden: Golden, name: str, folder: Path) -> None:
    servable = conversion.servable(describe(name, conversion, order.max_batch))
    # Gradients are training's affair, and graphs of TensorFlow 1 cannot be saved with them.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(servable, str(folder), servable.signatures(), options)
    golden.save(folder)
    if order.warm_up:
        batch = order.max_batch or DEFAULT_BATCH
        warmup.write(folder, name, conversion, golden.pictures, batch)
