"""Give a Keras file the suffix that Keras goes by, if it has another."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from export.errors import ExportError
from export.sources.formats import Format
from export.sources.location import Location

_ATTRIBUTES = ("model_config", "layer_names")
"""What a whole model, or weights in the first form, have at the top of an HDF5 file."""


@contextmanager
def with_keras_suffix(location: Location) -> Iterator[Path]:
    """Yield the file under a name that fits its contents: a link, unless its own name does."""
    suffix = _suffix(location)
    if location.path.name.endswith(suffix):
        yield location.path
        return
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, f"{location.path.stem}{suffix}")
        link.symlink_to(location.path.resolve())
        try:
            yield link
        except ExportError as error:
            raise type(error)(str(error).replace(str(link), str(location.path))) from None


def _suffix(location: Location) -> str:
    if location.format == Format.KERAS:
        return ".keras"
    try:
        with h5py.File(location.path, "r") as file:
            whole_or_old = any(name in file.attrs for name in _ATTRIBUTES)
    except OSError:  # opening it will report what is wrong
        return location.path.suffix
    return ".h5" if whole_or_old else ".weights.h5"
