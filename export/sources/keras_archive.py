"""What a Keras file contains: HDF5, or a zip archive, whatever its name says."""

from __future__ import annotations

import fcntl
import json
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from export.errors import SourceError
from export.sources import keras_copy
from export.sources.keras_errors import reason
from export.sources.unsupported import SOURCES, packing
from export.suggestions import listed

METADATA = "metadata.json"
_ZIP = b"PK\x03\x04"
_DAMAGED = (
    AttributeError,
    EOFError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of zip, HDF5 and JSON raise for files that are damaged or unexpected."""


@dataclass(frozen=True)
class KerasArchive:
    """A Keras file that has been looked into.

    ``suffix``: of the names that Keras gives to such files: ``.keras`` (zip), ``.h5``, or
    ``.weights.h5`` for HDF5 with the layout of the weights in a ``.keras`` file.
    ``config``: the configuration of the model, or None if there are only weights.
    ``version``: of the Keras that wrote it; empty if the file does not say.
    """

    path: Path
    suffix: str
    config: dict[str, Any] | None
    version: str

    @property
    def is_keras2(self) -> bool:
        """Whether Keras 2 or older wrote it. Files that do not say are older than those that do."""
        number = re.search(r"\d+", self.version)
        return number is None or int(number[0]) < 3

    @contextmanager
    def named(self, config: dict[str, Any] | None = None) -> Iterator[str]:
        """Give a path that Keras can read, with the suffix by which it decides.

        ``config``: a configuration to read instead of the file's own. If it differs, or if the
        weights have an old layout, the path is that of a temporary copy.
        """
        changed = None if config == self.config else config
        is_as_it_is = changed is None and not keras_copy.is_outdated(self.path)
        if is_as_it_is and "".join(self.path.suffixes[-2:]) == self.suffix:
            yield str(self.path)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"model{self.suffix}")
            if is_as_it_is:
                path.symlink_to(self.path.resolve())
            else:
                keras_copy.write(self.path, path, changed)
            yield str(path)


def read_archive(path: Path) -> KerasArchive:
    """Read the model's configuration. Raise ``SourceError`` if the file is damaged."""
    _check_not_written(path)
    try:
        # First, because HDF5 can begin at byte 512, and a zip can have its weights there.
        if _starts_like_zip(path):
            return _read_zip(path)
        if h5py.is_hdf5(path):
            return _read_hdf5(path)
    except _DAMAGED as error:
        raise SourceError(
            f"cannot load {path}: {reason(error)}; if it is damaged, copy or download it again"
        ) from None
    raise SourceError(f"cannot load {path}: it is neither an HDF5 file nor a Keras archive (zip)")


def _check_not_written(path: Path) -> None:
    """Raise ``SourceError`` if HDF5 holds the lock of the file in a program that writes it."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SourceError(
                f"{path} is being written by another program; try again when it is complete"
            ) from None
        except OSError:  # the file system has no locks
            pass


def _read_hdf5(path: Path) -> KerasArchive:
    with h5py.File(path, "r") as file:
        weights = file.get("model_weights", file)
        version = _text(file.attrs.get("keras_version", weights.attrs.get("keras_version", "")))
        config = file.attrs.get("model_config")
        # Keras splits names that are too long for one attribute: layer_names0, layer_names1, ...
        is_old = any(name.startswith("layer_names") for name in weights.attrs)
        is_known = is_old or config is not None or "keras_version" in file.attrs
        if not is_known and not _has_weights(file):
            raise SourceError(
                f"{path} is an HDF5 file without a Keras model or weights: it has "
                f"{listed(sorted(file)) or 'nothing'}; pass {SOURCES}"
            )
        suffix = ".h5" if is_old else ".weights.h5"
        return KerasArchive(path, suffix, None if config is None else json.loads(config), version)


def _has_weights(file: Any) -> bool:
    """Return whether there are groups of the name that Keras gives to a layer's variables."""
    return bool(file.visit(lambda name: True if name.rpartition("/")[2] == "vars" else None))


def _read_zip(path: Path) -> KerasArchive:
    with zipfile.ZipFile(path) as archive:
        _check_root(path, archive.namelist())
        metadata = json.loads(archive.read(METADATA))
        config = json.loads(archive.read(keras_copy.CONFIG))
    return KerasArchive(path, ".keras", config, str(metadata.get("keras_version", "")))


def _check_root(path: Path, names: list[str]) -> None:
    """Raise ``SourceError`` for the archive of a folder, as file managers make it."""
    folder = next((name for name in names if name.endswith(f"/{METADATA}")), None)
    if folder is not None and METADATA not in names:
        unpacked = f"FOLDER/{folder.rpartition('/')[0]}"
        raise SourceError(
            f"{path} was packed with the folder around its files: unpack it into FOLDER, then "
            f"{packing(unpacked)}"
        )


def _starts_like_zip(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
