"""Resolve what the options and a source say into everything that a version needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.detectors.decoded import decoded
from export.detectors.options import DecodeOptions
from export.detectors.recognition import recognize
from export.detectors.yolo_pose import yolo_pose
from export.errors import SourceError, lacking, reason_of
from export.serving import described, outputs
from export.serving import labels as label_files
from export.serving.decoding import Canvas, decode, decode_at_own_size
from export.serving.labels import Labels
from export.serving.signatures import DescribedModule, EncodedServable, Model, Servable
from export.sources import scaling as scalings
from export.sources.layout import FEWEST_PIXELS
from export.sources.scaling import INTEGERS, Scaling
from export.sources.source import Source, scale_notes
from export.tasks.classification import Classification
from export.tasks.ranking import check_ranking
from export.tasks.selection import not_served, select_task
from export.tasks.task import Probe, Task, TaskOptions
from export.tasks.tensors import Tensors

_PROBES = 4
_NUMBERED = {
    "detection": "classes",
    "classification": "classes",
    "keypoints": "keypoints",
    "segmentation": "classes",
}
"""What labels name."""


@dataclass(frozen=True)
class ImageOptions:
    """What the command line says about how images become the model's input.

    ``size``: width and height, where the model leaves them open. ``letterbox``: keep the aspect
    ratio. ``scale``: one of ``scaling.NAMES``; ``mean``, ``std``: instead, in the order red,
    green, blue. ``bgr``: blue first. ``batch``: the batch size of a model that requires one
    without declaring it.
    """

    size: tuple[int, int] | None = None
    letterbox: bool = False
    scale: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    bgr: bool | None = None
    batch: int | None = None


@dataclass(frozen=True)
class Conversion:
    """A source with its preprocessing, task and labels.

    ``canvas``: the model's input; None if each image keeps its size, or the model decodes images.
    ``batch``: the batch size if it is fixed. ``labels``: empty if there are none. ``not_served``:
    the source's outputs that the task has no place for. ``then``: the model that its boxes are
    meant for, as the description has it; None if there is none.
    """

    source: Source
    canvas: Canvas | None
    batch: int | None
    scaling: Scaling
    task: Task
    labels: tuple[str, ...] = ()
    not_served: tuple[str, ...] = ()
    then: Any = None

    def model(self, infer: Callable[[Tensor], Outputs]) -> Model:
        """Wrap ``source.infer`` or ``source.reference`` in preprocessing and postprocessing."""
        if self.source.takes_bytes:
            return lambda encoded: self._answer(infer(encoded), tf.constant([1, 1]))

        def run(pixels: Tensor) -> Outputs:
            found = infer(self.scaling(pixels, self.source.input))
            return self._answer(found, tf.shape(pixels)[1:3])

        return run

    def _answer(self, found: Outputs, size: Tensor) -> Outputs:
        return self.task(outputs.without_bfloat16(found), size)

    def servable(self, description: str, optimize: bool = False) -> DescribedModule:
        """Return the module to save. ``optimize``: with constants instead of variables."""
        model, holds = self.model(self.source.infer), self.source.holds
        if self.source.takes_bytes:
            return EncodedServable(model, description, self.batch, holds, optimize)
        return Servable(model, self.canvas, description, self.batch, holds, optimize)

    def notes(self) -> list[str]:
        """Return remarks for the user, one line each."""
        notes = [*self.source.notes, *self.task.notes]
        if self.not_served:
            notes.append(
                f"not served, because {self.task.name} has no place for them: "
                f"{', '.join(self.not_served)} (--task tensors serves all outputs)"
            )
        if self.source.left_out:
            notes.append(f"left out by --outputs: {', '.join(self.source.left_out)}")
        if self.source.takes_bytes:
            notes.append("the model decodes images itself, so there is no serving_pixels")
        elif self.batch == 1:
            notes.append(
                "the model takes one image per call: serving_default runs it for each image of a "
                "batch, and serving_pixels takes one image"
            )
        elif self.batch is not None:
            notes.append(f"the model takes exactly {self.batch} images per call")
        numbered = _NUMBERED.get(self.task.name)
        named = isinstance(self.task, Classification) and self.task.named
        if not self.labels and numbered and not named:
            notes.append(f"no labels: clients get numbers of {numbered} (add --labels FILE)")
        return notes


def resolve(
    source: Source,
    images: ImageOptions,
    task: TaskOptions,
    labels: Path | tuple[str, ...] | None,
    probes: Sequence[bytes],
    decode: DecodeOptions | None = None,
) -> Conversion:
    """Combine the options with what the source says about itself.

    ``labels``: the labels or their file. ``probes``: encoded images on which the source is run to
    see its outputs. ``decode``: how to decode a detector. Raise ``SourceError`` if something is
    missing or contradicts the source.
    """
    named = label_files.read(labels) if isinstance(labels, Path) else Labels(labels or ())
    remarks = (*named.notes, *scale_notes(source, images.scale))
    source = replace(source, notes=(*source.notes, *remarks))
    batch = _batch(source, images)
    canvas = None if source.takes_bytes else _canvas(source, images, batch)
    draft = Conversion(source, canvas, batch, _scaling(source, images), Tensors())
    tried = [probes[at % len(probes)] for at in range(batch or _PROBES)]
    probe, faults = _probe(draft, tried)
    draft = replace(draft, source=outputs.with_ranks(source, probe))

    def choose() -> Task:
        if decode is not None:
            return _decoded(
                draft, probe, described.decode_options(source, decode, named), len(tried)
            )
        return _selected(draft, probe, described.task_options(source, task))

    chosen = outputs.select(choose, faults)
    check_ranking(chosen, probe, source.left_out)
    if source.takes_bytes and task.units == "pixels":
        raise SourceError(
            "boxes in pixels need the images' size, which a model that decodes images does not give"
        )
    names = named.of(chosen.name)
    if names and isinstance(labels, Path):
        what = _NUMBERED.get(chosen.name, "classes")
        label_files.check_count(labels, names, chosen.classes, what, decode is not None)
    names = names or described.labels(source, chosen) or chosen.labels
    dropped = tuple(not_served(chosen, probe))
    then = _second_model(source, task, chosen)
    return replace(draft, task=chosen, labels=names, not_served=dropped, then=then)


def preprocess(conversion: Conversion, encoded: Sequence[bytes]) -> Tensor:
    """Return encoded images as ``Conversion.model`` takes them.

    Where images keep their own size, only the first is returned.
    """
    if conversion.source.takes_bytes:
        return tf.constant(list(encoded))
    if conversion.canvas is None:
        return decode_at_own_size(encoded[0])[None]
    return tf.stack([decode(one, conversion.canvas)[0] for one in encoded])


def _batch(source: Source, options: ImageOptions) -> int | None:
    shape = source.input.shape
    if shape.rank != (1 if source.takes_bytes else 4):
        raise SourceError(_not_images(source.input))
    declared: int | None = shape[0]
    if options.batch is not None and declared not in (None, options.batch):
        raise SourceError(f"the model takes batches of {declared}, not {options.batch}")
    return declared or options.batch


def _not_images(spec: tf.TensorSpec) -> str:
    """Return what a model takes instead of images, and what could be done about it."""
    if spec.dtype == tf.string:
        expected = "strings [N]"
        way = "name the tensor of its decoded images with --inputs TENSOR"
    elif spec.shape.rank == 2 and spec.shape[1] is not None and spec.shape[1] < FEWEST_PIXELS:
        expected = "images [N,H,W,C]"
        way = (
            "so few values are measurements, and only models of images can be served; if it has "
            "another input for images, name it with --inputs or --signature"
        )
    elif spec.shape.rank == 2 and spec.shape[1] is not None:
        expected = "images [N,H,W,C]"
        way = f"if these are pixels, say with --size WxH how they make {spec.shape[1]} values"
    else:
        expected = "images [N,H,W,C]"
        way = "name the input for images with --inputs, or rebuild the model with such an input"
    return f"the model takes {spec.dtype.name}{spec.shape}, not {expected}; {way}"


def _canvas(source: Source, options: ImageOptions, batch: int | None) -> Canvas | None:
    _, height, width, channels = source.input.shape
    if channels not in (None, 1, 3):
        raise SourceError(
            f"the model takes images of {channels} channels; cameras have 1 or 3: build a model "
            "that makes the others of these, and pass its function with --model"
        )
    if options.size is None and None in (height, width):
        if batch == 1 and not options.letterbox:
            return None
        own = ", or --batch 1 if it takes one image of any size per call" if batch is None else ""
        raise SourceError(f"the model does not declare the size of its images; add --size WxH{own}")
    size = options.size or (width, height)
    if any(has not in (None, asked) for has, asked in zip((width, height), size, strict=True)):
        raise SourceError(f"the model takes images of {width}x{height}, not {size[0]}x{size[1]}")
    return Canvas(size[1], size[0], options.letterbox)


def _scaling(source: Source, options: ImageOptions) -> Scaling:
    """Return the requested scaling, otherwise the one that the source implies."""
    if source.takes_bytes:
        return Scaling()
    dtype = source.input.dtype
    if not (dtype.is_floating or dtype in INTEGERS):
        raise SourceError(
            f"the model takes {dtype.name}, and images are uint8, int32, int64 or float: build a "
            "model that converts them, and pass its function with --model"
        )
    known = source.scaling or (Scaling() if dtype in INTEGERS else None)
    bgr = known.bgr if options.bgr is None and known else bool(options.bgr)
    if options.mean is not None or options.std is not None:
        return Scaling(options.mean or (0.0,), options.std or (1.0,), bgr)
    if options.scale is not None and dtype not in INTEGERS:
        return scalings.named(options.scale, bgr)
    if known is None:
        raise SourceError(
            "the model does not say how it expects pixels to be scaled; add what it was trained "
            "with: --scale 0..1 (x / 255), --scale -1..1 (x / 127.5 - 1), --scale imagenet "
            "(ImageNet mean and deviation), --scale none (0..255), or --mean and --std"
        )
    return Scaling(known.mean, known.std, bgr)


def _probe(conversion: Conversion, probes: Sequence[bytes]) -> tuple[Probe, outputs.Faults]:
    """Return the source's own outputs for a few images, and why some cannot be served."""
    source = conversion.source
    images = preprocess(conversion, probes)
    if conversion.canvas is None and not source.takes_bytes:
        images = images[:1]
    try:
        found = conversion.model(source.reference)(images)
    except SourceError:
        raise
    except Exception as error:  # the model may be anything, and fail in any way
        count, hint = len(probes), "" if lacking(error) else _hint(source, len(probes))
        raise SourceError(f"the model fails on {count} images: {_text(error)}{hint}") from None
    return outputs.arrays(found), outputs.faults_of(found)


def _decoded(draft: Conversion, probe: Probe, options: DecodeOptions, images: int) -> Task:
    """Return the task of a detector that is decoded; ``probe`` has outputs of so many images."""
    if draft.source.takes_bytes:
        raise SourceError(
            "--decode needs the size of the model's input, which a model that decodes images does "
            "not give; name the tensor of its decoded images with --inputs TENSOR"
        )
    if draft.canvas is None:
        raise SourceError("--decode needs the size of the model's input; add --size WxH")
    if options.family == "yolo-pose":
        return yolo_pose(probe, options, (draft.canvas.height, draft.canvas.width))
    return decoded(probe, options, (draft.canvas.height, draft.canvas.width), images)


def _selected(draft: Conversion, probe: Probe, options: TaskOptions) -> Task:
    """Return the task that the outputs imply; if they look undecoded, say how to decode them."""
    size = (draft.canvas.height, draft.canvas.width) if draft.canvas else None
    hint = recognize(probe, size) if size else None
    try:
        task = select_task(probe, options, size)
    except SourceError as error:
        raise SourceError(f"{error}; {hint}" if hint else str(error)) from None
    if hint and isinstance(task, Tensors) and options.task is None:
        return replace(task, notes=(hint,))
    return task


def _text(error: Exception) -> str:
    # TensorFlow quotes strings that it could not use; its Python binding then fails to decode them.
    if not isinstance(error, UnicodeDecodeError):
        return reason_of(error)
    quoted = error.object.decode("ascii", "ignore")
    printable = "".join(one if one.isprintable() else " " for one in quoted)
    return reason_of(ValueError(printable))


def _hint(source: Source, count: int) -> str:
    if source.takes_bytes:
        return "; its strings must be JPEG and PNG images (use --signature for another input)"
    open_batch = source.input.shape[0] is None
    return "; if it takes one image per call, add --batch 1" if count > 1 and open_batch else ""


def _second_model(source: Source, options: TaskOptions, task: Task) -> Any:
    """Return the model that a detector's boxes are meant for, by the options or the source."""
    if task.name == "detection":
        return options.then or source.described.get("then")
    if options.then:
        raise SourceError(f"--then is for detectors; the task is {task.name}")
    return None
