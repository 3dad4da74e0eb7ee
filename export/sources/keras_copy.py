"""Copy a Keras file with what Keras cannot read corrected."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import h5py

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_OLD, _NEW = "_layer_checkpoint_dependencies", "layers"


def write(path: Path, copy: Path, config: dict[str, Any] | None) -> None:
    """Write a copy with the weights in today's layout.

    ``config``: a configuration to put in the place of the file's own.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as changed:
            for name in archive.namelist():
                changed.writestr(name, _entry(name, archive.read(name), config))
        return
    shutil.copyfile(path, copy)
    with h5py.File(copy, "r+") as file:
        if config is not None:
            file.attrs["model_config"] = json.dumps(config)
        _rearrange(file)


def is_outdated(path: Path) -> bool:
    """Return whether the weights have the layout that TensorFlow 2.12 to 2.14 wrote."""
    if not zipfile.is_zipfile(path):
        with h5py.File(path, "r") as file:
            return _OLD in file
    with (
        zipfile.ZipFile(path) as archive,
        archive.open(WEIGHTS) as weights,
        h5py.File(weights, "r") as file,
    ):
        return _OLD in file


def _entry(name: str, data: bytes, config: dict[str, Any] | None) -> bytes:
    if name == CONFIG and config is not None:
        return json.dumps(config).encode()
    if name != WEIGHTS:
        return data
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        _rearrange(file)
    return buffer.getvalue()


def _rearrange(file: Any) -> None:
    """Rename the groups of layers as Keras does since 2.15.

    Both layouts name layers by their class and number them in the order of the model. The old one
    counted layers with weights twice, so its numbers have gaps.
    """
    paths: list[str] = []
    file.visit(lambda path: paths.append(path) if path.rpartition("/")[2] == _OLD else None)
    for path in sorted(paths, key=len, reverse=True):
        group = file[path]
        counts: dict[str, int] = {}
        for name in sorted(group, key=_number):
            kind = _kind(name)
            number = counts.get(kind, 0)
            counts[kind] = number + 1
            renamed = f"{kind}_{number}" if number else kind
            if renamed != name:
                group.move(name, renamed)
        parent = path.removesuffix(_OLD)
        if parent + _NEW in file:
            del file[parent + _NEW]
        file.move(path, parent + _NEW)


def _kind(name: str) -> str:
    return re.sub(r"_\d+\Z", "", name)


def _number(name: str) -> int:
    numbered = re.search(r"_(\d+)\Z", name)
    return int(numbered[1]) if numbered else 0
