"""A source with everything decided that the serving contract asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import tensorflow as tf

from export.errors import SourceError
from export.serving import labels as labels_file
from export.serving.decoding import Canvas, decode, decode_whole
from export.serving.signatures import Described, EncodedServable, Model, Servable
from export.sources import scaling as scalings
from export.sources.scaling import Scaling
from export.sources.source import Outputs, Source, Tensor
from export.tasks.selection import choose
from export.tasks.task import Probe, Task, TaskWish

_PROBES = 4


@dataclass(frozen=True)
class PictureWish:
    """How pictures become the model's input.

    size: width and height, where the model leaves them open. letterbox: keep the aspect. scale:
    one of `scaling.NAMES`; mean, std: instead of a name, in the order red, green, blue. bgr: blue
    first. batch: the model's batch size, where it holds to one without saying so.
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
    """canvas: what pictures are drawn on; None if each keeps its size, or the model decodes.
    batch: the size of the model's batches if it is fixed. labels: none if nobody named any."""

    source: Source
    canvas: Canvas | None
    batch: int | None
    scaling: Scaling
    task: Task
    labels: tuple[str, ...] = ()

    def model(self, infer: Callable[[Tensor], Outputs]) -> Model:
        """`source.infer` or `source.reference` with all that comes before and after."""
        if self.source.takes_bytes:
            return lambda encoded: self.task(infer(encoded), tf.constant([1, 1]))

        def whole(pixels: Tensor) -> Outputs:
            outputs = infer(self.scaling(pixels, self.source.input))
            return self.task(outputs, tf.shape(pixels)[1:3])

        return whole

    def servable(self, description: str) -> Described:
        """What is saved."""
        model, holds = self.model(self.source.infer), self.source.holds
        if self.source.takes_bytes:
            return EncodedServable(model, description, self.batch, holds)
        return Servable(model, self.canvas, description, self.batch, holds)

    def notes(self) -> list[str]:
        """What a user should know, a line each."""
        said = [*self.source.notes, *self.task.notes]
        if self.source.takes_bytes:
            said.append("the model decodes pictures itself, so there is no serving_pixels")
        elif self.batch == 1:
            said.append(
                "the model takes one picture a call: serving_default runs it for each picture of "
                "a batch, serving_pixels takes one"
            )
        elif self.batch is not None:
            said.append(f"the model takes {self.batch} pictures a call, no more and no fewer")
        if not self.labels and self.task.name != "tensors":
            said.append("no labels: clients get the classes' numbers (--labels FILE)")
        return said


def decide(
    source: Source,
    pictures: PictureWish,
    task: TaskWish,
    labels: Path | tuple[str, ...] | None,
    probes: Sequence[bytes],
) -> Conversion:
    """Settles what was asked for with what the source says of itself.

    labels: their file, or they themselves. probes: encoded pictures, on which the source is run
    to see what it gives. Raises SourceError if something is missing or contradicts the source.
    """
    batch = _batch(source, pictures)
    canvas = None if source.takes_bytes else _canvas(source, pictures, batch)
    scaling = _scaling(source, pictures)
    undecided = Conversion(source, canvas, batch, scaling, choose({}, TaskWish("tensors")))
    found = _probe(undecided, probes[: batch or _PROBES])
    chosen = choose(found, _with_description(source, task))
    if source.takes_bytes and task.units == "pixels":
        raise SourceError(
            "boxes in pixels need the pictures' size, which the model keeps to itself"
        )
    names = _labels(labels or _described_labels(source, chosen), chosen)
    return Conversion(source, canvas, batch, scaling, chosen, names)


def _batch(source: Source, wish: PictureWish) -> int | None:
    shape = source.input.shape
    if shape.rank != (1 if source.takes_bytes else 4):
        wanted = "strings [N]" if source.takes_bytes else "pictures [N,H,W,C]"
        raise SourceError(f"the model takes {source.input.dtype.name}{shape}, not {wanted}")
    if wish.batch is not None and shape[0] not in (None, wish.batch):
        raise SourceError(f"the model takes batches of {shape[0]}, not {wish.batch}")
    return shape[0] or wish.batch


def _canvas(source: Source, wish: PictureWish, batch: int | None) -> Canvas | None:
    _, height, width, channels = source.input.shape
    if channels not in (None, 1, 3):
        raise SourceError(f"the model takes pictures of {channels} channels, not of 3 or 1")
    if wish.size is None and None in (height, width):
        if batch == 1 and not wish.letterbox:
            return None
        raise SourceError("the model leaves the size of its pictures open; give --size WxH")
    wanted = wish.size or (width, height)
    if any(has not in (None, asked) for has, asked in zip((width, height), wanted, strict=True)):
        raise SourceError(
            f"the model takes pictures of {width}x{height}, not {wanted[0]}x{wanted[1]}"
        )
    return Canvas(wanted[1], wanted[0], wish.letterbox)


def _scaling(source: Source, wish: PictureWish) -> Scaling:
    """What was asked for, else what the source's kind knows; for uint8, pixels as they are."""
    if source.takes_bytes:
        return Scaling()
    dtype = source.input.dtype
    known = source.scaling or (Scaling() if dtype == tf.uint8 else None)
    bgr = known.bgr if wish.bgr is None and known else bool(wish.bgr)
    if not (dtype.is_floating or dtype == tf.uint8):
        raise SourceError(f"the model takes {dtype.name}; pictures are uint8 or float")
    if wish.mean is not None or wish.std is not None:
        return Scaling(wish.mean or (0.0,), wish.std or (1.0,), bgr)
    if wish.scale is not None:
        return scalings.named(wish.scale, bgr)
    if known is None:
        raise SourceError(
            "the model does not say how it wants pixels scaled; give "
            f"--scale {', '.join(scalings.NAMES)}, or --mean and --std"
        )
    return Scaling(known.mean, known.std, bgr)


def _probe(conversion: Conversion, probes: Sequence[bytes]) -> Probe:
    """The source's own outputs for a few pictures, as arrays."""
    source = conversion.source
    pictures = prepared(conversion, probes)
    if conversion.canvas is None and not source.takes_bytes:
        pictures = pictures[:1]
    try:
        found = conversion.model(source.reference)(pictures)
    except SourceError:
        raise
    except Exception as error:  # the model may be of any kind, and fail in any way
        count, hint = len(probes), _hint(source, len(probes))
        raise SourceError(f"the model fails for {count} pictures: {_reason(error)}{hint}") from None
    return {name: value.numpy() for name, value in found.items()}


def _reason(error: Exception) -> str:
    # TensorFlow quotes the strings that it could not use, and its own binding stumbles over them.
    quoted = error.object if isinstance(error, UnicodeDecodeError) else str(error).encode()
    text = "".join(each if each.isprintable() else " " for each in quoted.decode("ascii", "ignore"))
    return " ".join(text.split())[:300]


def _hint(source: Source, count: int) -> str:
    if source.takes_bytes:
        return "; the strings that it takes must be JPEG and PNG (--signature names another input)"
    return "; if it takes one picture a call, say --batch 1" if count > 1 else ""


def prepared(conversion: Conversion, encoded: Sequence[bytes]) -> Tensor:
    """Pictures as `Conversion.model` takes them; those that keep their size, but the first."""
    if conversion.source.takes_bytes:
        return tf.constant(list(encoded))
    if conversion.canvas is None:
        return decode_whole(encoded[0])[None]
    return tf.stack([decode(one, conversion.canvas)[0] for one in encoded])


def _with_description(source: Source, wish: TaskWish) -> TaskWish:
    """The wish with what the source's own description says, where the wish says nothing."""
    first = source.described.get("first_class")
    if wish.first_class is None and isinstance(first, int):
        return replace(wish, first_class=first)
    return wish


def _described_labels(source: Source, task: Task) -> tuple[str, ...]:
    found = tuple(map(str, source.described.get("labels") or ()))
    return found if task.classes in (None, len(found)) else ()


def _labels(labels: Path | tuple[str, ...] | None, task: Task) -> tuple[str, ...]:
    if not isinstance(labels, Path):
        return labels or ()
    found = labels_file.read(labels)
    labels_file.check_count(labels, found, task.classes)
    return tuple(found)
