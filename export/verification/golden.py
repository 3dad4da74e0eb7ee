"""Golden images and the source's answers to them, which every version is compared to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import Outputs
from export.errors import ContractError, SourceError, reason_of
from export.paths import is_resource_fork
from export.serving.conversion import Conversion
from export.serving.decoding import Canvas, decode, decode_at_own_size
from export.serving.signatures import Model, relative_to_images
from export.suggestions import listed

FILE = "assets.extra/golden.npz"
"""Their path within a version. Model servers ignore ``assets.extra``."""

COUNT = 16
_AT_ONCE = 4
"""How many images the source gets in a call: Keras keeps what every layer returns until its end."""
_SUFFIXES = (".jpg", ".jpeg", ".png")

Row = dict[str, np.ndarray]
"""The answer for one image: outputs by name, without the batch dimension."""


@dataclass(frozen=True)
class Golden:
    """Encoded images, and the source's answer for each."""

    images: Sequence[bytes]
    rows: Sequence[Row]

    def save(self, version: Path) -> None:
        """Write them to the version's directory."""
        path = version / FILE
        path.parent.mkdir(exist_ok=True)
        arrays: dict[str, Any] = {}
        for number, (image, row) in enumerate(zip(self.images, self.rows, strict=True)):
            arrays[f"{number}"] = np.frombuffer(image, np.uint8)
            arrays |= {f"{number}/{name}": _storable(value) for name, value in row.items()}
        np.savez_compressed(path, **arrays)


def load(version: Path) -> Golden | None:
    """Return those of a version, or None if it has none. Raise ``ContractError``."""
    path = version / FILE
    if not path.exists():
        return None
    try:
        with np.load(path) as arrays:
            numbers = sorted(int(name) for name in arrays.files if "/" not in name)
            images = [arrays[str(number)].tobytes() for number in numbers]
            rows = [_row(arrays, number) for number in numbers]
    except (OSError, ValueError, KeyError) as error:
        raise ContractError(f"{path} cannot be read: {error}") from None
    return Golden(images, rows)


def _row(arrays: Any, number: int) -> Row:
    prefix = f"{number}/"
    return {name[len(prefix) :]: arrays[name] for name in arrays.files if name.startswith(prefix)}


def images_in(folder: Path) -> list[bytes]:
    """Return sixteen images from a directory: its first JPEG and PNG files by name, repeated.

    Raise ``SourceError`` if there are none or one cannot be decoded.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if _is_image(path))
        images = [path.read_bytes() for path in paths[:COUNT]]
    except OSError as error:
        raise SourceError(f"cannot read {folder}: {error.strerror}") from None
    if not images:
        raise SourceError(f"there are no images (.jpg, .jpeg, .png) in {folder}")
    for path, encoded in zip(paths, images, strict=False):
        _check_decodes(path, encoded)
    return [images[number % len(images)] for number in range(COUNT)]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and path.is_file() and not is_resource_fork(path)


def _check_decodes(path: Path, encoded: bytes) -> None:
    try:
        decode_at_own_size(tf.constant(encoded))
    except tf.errors.OpError:
        raise SourceError(f"{path} is not a JPEG or PNG image, or is broken") from None


def answers(conversion: Conversion, images: Sequence[bytes]) -> list[Row]:
    """Return the source's answers to encoded images, computed outside of any saved graph."""
    model = conversion.model(conversion.source.reference)
    batch = conversion.batch or min(_AT_ONCE, len(images))
    if conversion.source.takes_bytes:
        return run(lambda some: model(tf.constant(list(some))), images, batch)
    if conversion.canvas is None:
        return run(lambda one: model(decode_at_own_size(one[0])[None]), images, 1)
    canvas = conversion.canvas
    return run(lambda some: _on_canvas(model, some, canvas), images, batch)


def _on_canvas(model: Model, encoded: Sequence[bytes], canvas: Canvas) -> Outputs:
    drawn = [decode(one, canvas) for one in encoded]
    outputs = model(tf.stack([pixels for pixels, _ in drawn]))
    return relative_to_images(outputs, canvas, tf.stack([placement for _, placement in drawn]))


def run(
    call: Callable[[Sequence[Any]], Mapping[str, Any]], inputs: Sequence[Any], batch: int | None
) -> list[Row]:
    """Return the rows of ``call`` for all inputs.

    If the batch size is fixed, the last batch is padded.
    """
    rows: list[Row] = []
    for some in _batches(inputs, batch or len(inputs)):
        try:
            outputs = call(some)
        except tf.errors.OpError as error:
            raise SourceError(
                f"the model fails on {len(some)} images: {reason_of(error)}; select outputs that "
                "have one row per image with --outputs NAME"
            ) from None
        _check_rows(outputs, len(some))
        rows += rows_of(outputs)
    return rows[: len(inputs)]


def _batches(inputs: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(inputs), size):
        some = list(inputs[start : start + size])
        yield some + some[-1:] * (size - len(some))


def _check_rows(outputs: Mapping[str, Any], images: int) -> None:
    shapes = {name: list(np.shape(value)) for name, value in sorted(outputs.items())}
    if any(shape and shape[0] != images for shape in shapes.values()):
        found = listed([f"{name} {shape}" for name, shape in shapes.items()])
        hint = "if it takes one image per call, add --batch 1; otherwise " if images > 1 else ""
        raise SourceError(
            f"the model does not return one row per image: for {images} images, {found}; {hint}"
            "select the outputs that do with --outputs NAME"
        )


def rows_of(outputs: Mapping[str, Any]) -> list[Row]:
    """Split the outputs of a batch by image."""
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    count = max((len(value) for value in arrays.values() if value.ndim), default=0)
    return [
        {name: _at(value, at) if value.ndim else value for name, value in arrays.items()}
        for at in range(count)
    ]


def _at(value: np.ndarray, number: int) -> np.ndarray:
    """Return a row as an array, also if it is a single string."""
    row = value[number]
    if value.dtype != object or isinstance(row, np.ndarray):
        return row
    one = np.empty((), object)
    one[()] = row
    return one


def _storable(value: np.ndarray) -> np.ndarray:
    """Return an array that NumPy stores without pickling it."""
    return value.astype(np.bytes_) if value.dtype == object else value
