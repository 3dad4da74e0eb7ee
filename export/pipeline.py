"""Make a version of a trained model: convert, write, verify, and rename it into place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import tensorflow as tf

from export.detectors.options import DecodeOptions
from export.errors import PublishError, reason_of
from export.publishing import local
from export.serving import warmup
from export.serving.conversion import Conversion, ImageOptions, resolve
from export.serving.description import describe
from export.sources.source import Source
from export.tasks.task import TaskOptions
from export.verification import golden, report
from export.verification.golden import Golden
from export.verification.options import VerifyOptions
from export.verification.report import Report
from export.verification.verify import verify_new

DEFAULT_BATCH = 16
"""The most images that the gateway sends per call, unless its settings differ."""


@dataclass(frozen=True)
class ExportRequest:
    """A source and how to convert it.

    ``images``: encoded images to compare answers on and to warm up with. ``labels``: the labels or
    their file. ``max_batch``: the most images per call; None for no limit. ``warm_up``: write
    warm-up records. ``full``: verify in every batch size and through a model server. ``decode``:
    how to decode a detector; its outputs are then not described by ``task``. ``optimize``: store
    variables as constants.
    """

    source: Source
    images: Sequence[bytes]
    input: ImageOptions = field(default_factory=ImageOptions)
    task: TaskOptions = field(default_factory=TaskOptions)
    labels: Path | tuple[str, ...] | None = None
    max_batch: int | None = None
    warm_up: bool = True
    full: bool = True
    decode: DecodeOptions | None = None
    optimize: bool = False


def make_version(
    request: ExportRequest,
    target: Path,
    version: int | None = None,
    say: Callable[[str], None] = print,
) -> Path:
    """Make the next version (or ``version``) in the model's directory ``target``.

    ``say``: called with a line for each step. Return the version's directory. Raise
    ``ExportError``, in which case there is no new version.
    """
    say(f"source      {request.source.made_from}")
    conversion = resolve(
        request.source,
        request.input,
        request.task,
        request.labels,
        request.images,
        request.decode,
    )
    _announce(conversion, say)
    expected = Golden(request.images, golden.answers(conversion, request.images))
    name = target.resolve().name
    options = VerifyOptions(request.full, request.max_batch or DEFAULT_BATCH)
    with local.staged(target, version) as (staging, path):
        try:
            _write(request, conversion, expected, name, staging)
            result = Report(f"{name}/{path.name}")
            verify_new(result, staging, conversion, expected, options)
            (staging / report.FILE).write_text(result.encode(), "utf-8")
        except tf.errors.OpError as error:
            # TensorFlow says "FILE; REASON", and the file is one of its temporary ones.
            reason = reason_of(error).rpartition("; ")[2]
            raise PublishError(f"cannot write {target}: {reason}") from None
    for check in result.checks:
        say(f"{'passed':12}{check.name}: {check.found}")
    say(f"version     {path}")
    return path


def _announce(conversion: Conversion, say: Callable[[str], None]) -> None:
    task, canvas = conversion.task, conversion.canvas
    labels = f", {len(conversion.labels)} labels" if conversion.labels else ""
    say(f"task        {task.name}{labels}")
    if canvas is not None:
        resize = "letterbox" if canvas.letterbox else "stretch"
        say(f"images      {canvas.width}x{canvas.height}, {resize}, scaling {conversion.scaling}")
    for note in conversion.notes():
        say(f"note        {note}")


def _write(
    request: ExportRequest, conversion: Conversion, expected: Golden, name: str, folder: Path
) -> None:
    servable = conversion.servable(describe(name, conversion, request.max_batch), request.optimize)
    # Custom gradients are only for training, and TensorFlow 1 graphs cannot be saved with them.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(servable, str(folder), servable.signatures(), options)
    expected.save(folder)
    if request.warm_up:
        batch = request.max_batch or DEFAULT_BATCH
        warmup.write(folder, name, conversion, expected.images, batch)
