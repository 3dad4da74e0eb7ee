"""Golden pictures, and what the source answers for them: what a version is compared with, when it
is made and ever after."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from demomodel import camera, scenes
from export.errors import ContractBroken, SourceError
from export.serving.conversion import Conversion
from export.serving.decoding import Canvas, decode, decode_whole
from export.serving.signatures import BOXES, on_frames

FILE = "assets.extra/golden.npz"
"""Where they lie in a version. Model servers pay no heed to what is in `assets.extra`."""

COUNT = 16
_SIZES = ((320, 240), (240, 320), (192, 192), (150, 110), (426, 240))
_SUFFIXES = (".jpg", ".jpeg", ".png")

Row = dict[str, np.ndarray]
"""The answer for one picture: outputs by name, without the batch's dimension."""


@dataclass(frozen=True)
class Golden:
    """pictures: encoded. rows: the source's answer for each."""

    pictures: Sequence[bytes]
    rows: Sequence[Row]

    def save(self, version: Path) -> None:
        """Writes them into the version's folder."""
        path = version / FILE
        path.parent.mkdir(exist_ok=True)
        arrays: dict[str, Any] = {}
        for number, (picture, row) in enumerate(zip(self.pictures, self.rows, strict=True)):
            arrays[f"{number}"] = np.frombuffer(picture, np.uint8)
            arrays |= {f"{number}/{name}": value for name, value in row.items()}
        np.savez_compressed(path, **arrays)


def load(version: Path) -> Golden | None:
    """Those in the version's folder; None if it has none. Raises ContractBroken."""
    path = version / FILE
    if not path.exists():
        return None
    try:
        with np.load(path) as arrays:
            numbers = sorted(int(name) for name in arrays.files if "/" not in name)
            pictures = [arrays[str(number)].tobytes() for number in numbers]
            rows = [_row(arrays, number) for number in numbers]
    except (OSError, ValueError, KeyError) as error:
        raise ContractBroken(f"{path} cannot be read: {error}") from None
    return Golden(pictures, rows)


def _row(arrays: Any, number: int) -> Row:
    start = f"{number}/"
    return {name[len(start) :]: arrays[name] for name in arrays.files if name.startswith(start)}


def rendered() -> list[bytes]:
    """The same sixteen pictures every time, each third a PNG; no fonts are needed."""
    found = []
    for seed in range(COUNT):
        picture = scenes.render((2026, seed), _SIZES[seed % len(_SIZES)]).picture
        found.append(camera.jpeg(picture, 85) if seed % 3 else _png(picture))
    return found


def _png(picture: Image.Image) -> bytes:
    """Small: a palette would do for a drawing, but cameras have none."""
    buffer = io.BytesIO()
    picture.resize((picture.width // 2, picture.height // 2)).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def from_folder(folder: Path) -> list[bytes]:
    """The first sixteen JPEG and PNG pictures in `folder`, by name. Raises SourceError."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        found = [path.read_bytes() for path in paths[:COUNT]]
    except OSError as error:
        raise SourceError(f"cannot read {folder}: {error.strerror}") from None
    if not found:
        raise SourceError(f"there are no pictures in {folder}: no .jpg and no .png")
    for path, encoded in zip(paths, found, strict=False):
        _check_decodes(path, encoded)
    return [found[number % len(found)] for number in range(COUNT)]


def _check_decodes(path: Path, encoded: bytes) -> None:
    try:
        decode_whole(tf.constant(encoded))
    except tf.errors.OpError:
        raise SourceError(f"{path} is no JPEG or PNG picture, or is broken") from None


def answers(conversion: Conversion, pictures: Sequence[bytes]) -> list[Row]:
    """What the source says of encoded pictures, step by step, outside any saved graph."""
    model = conversion.model(conversion.source.reference)
    if conversion.source.takes_bytes:
        return run(lambda some: model(tf.constant(list(some))), pictures, conversion.batch)
    if conversion.canvas is None:
        return run(lambda one: model(decode_whole(one[0])[None]), pictures, 1)
    canvas = conversion.canvas
    return run(lambda some: _on_canvas(model, some, canvas), pictures, conversion.batch)


def _on_canvas(model: Any, encoded: Sequence[bytes], canvas: Canvas) -> Mapping[str, Any]:
    drawn = [decode(one, canvas) for one in encoded]
    found = model(tf.stack([pixels for pixels, _ in drawn]))
    if canvas.letterbox and BOXES in found:
        places = tf.stack([place for _, place in drawn])
        return {**found, BOXES: on_frames(found[BOXES], places)}
    return found


def run(
    call: Callable[[Sequence[Any]], Mapping[str, Any]], inputs: Sequence[Any], batch: int | None
) -> list[Row]:
    """Rows of what `call` gives for all inputs, in batches of a fixed size if there is one; the
    last is filled up."""
    rows: list[Row] = []
    for some in _batches(inputs, batch or len(inputs)):
        rows += rows_of(call(some))
    return rows[: len(inputs)]


def _batches(inputs: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(inputs), size):
        some = list(inputs[start : start + size])
        yield some + some[-1:] * (size - len(some))


def rows_of(outputs: Mapping[str, Any]) -> list[Row]:
    """A batch's outputs, picture by picture."""
    arrays = {name: np.asarray(value) for name, value in outputs.items()}
    count = max((len(value) for value in arrays.values() if value.ndim), default=0)
    return [
        {name: value[at] if value.ndim else value for name, value in arrays.items()}
        for at in range(count)
    ]
