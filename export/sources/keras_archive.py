"""What a Keras file contains: HDF5, or a zip archive, whatever its name says."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from export.errors import SourceError
from export.sources.keras_errors import reason

_ZIP = b"PK\x03\x04"
_CONFIG = "config.json"


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
        return not self.version or int(self.version.partition(".")[0]) < 3

    @contextmanager
    def named(self) -> Iterator[str]:
        """Give a path that has the suffix, because Keras decides by the name."""
        if "".join(self.path.suffixes[-2:]) == self.suffix:
            yield str(self.path)
            return
        with tempfile.TemporaryDirectory() as folder:
            link = Path(folder, f"model{self.suffix}")
            link.symlink_to(self.path.resolve())
            yield str(link)

    @contextmanager
    def copied(self, config: dict[str, Any]) -> Iterator[str]:
        """Give the path of a temporary copy that has another configuration."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, f"model{self.suffix}")
            (_copy_zip if self.suffix == ".keras" else _copy_hdf5)(self.path, copy, config)
            yield str(copy)


def read_archive(path: Path) -> KerasArchive:
    """Read the model's configuration. Raise ``SourceError`` if the file is damaged."""
    try:
        # First, because HDF5 can begin at byte 512, and a zip can have its weights there.
        if _starts_like_zip(path):
            return _read_zip(path)
        if h5py.is_hdf5(path):
            return _read_hdf5(path)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise SourceError(f"cannot load {path}: {reason(error)}") from None
    raise SourceError(f"cannot load {path}: it is neither an HDF5 file nor a Keras archive (zip)")


def _read_hdf5(path: Path) -> KerasArchive:
    with h5py.File(path, "r") as file:
        weights = file.get("model_weights", file)
        version = _text(file.attrs.get("keras_version", weights.attrs.get("keras_version", "")))
        config = file.attrs.get("model_config")
        suffix = ".h5" if "layer_names" in weights.attrs else ".weights.h5"
        return KerasArchive(path, suffix, None if config is None else json.loads(config), version)


def _read_zip(path: Path) -> KerasArchive:
    with zipfile.ZipFile(path) as archive:
        metadata = json.loads(archive.read("metadata.json"))
        config = json.loads(archive.read(_CONFIG))
    return KerasArchive(path, ".keras", config, str(metadata.get("keras_version", "")))


def _starts_like_zip(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _copy_zip(path: Path, copy: Path, config: dict[str, Any]) -> None:
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as changed:
        for name in archive.namelist():
            data = json.dumps(config) if name == _CONFIG else archive.read(name)
            changed.writestr(name, data)


def _copy_hdf5(path: Path, copy: Path, config: dict[str, Any]) -> None:
    shutil.copyfile(path, copy)
    with h5py.File(copy, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
