"""Name the models in an archive, without unpacking it."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_MODELS = re.compile(
    r"(^|/)(saved_model\.pb(txt)?|model\.json|[^/]+\.(keras|h5|hdf5|pb|index|tflite|onnx|pt|pth))$",
    re.IGNORECASE,
)
_METADATA = re.compile(r"(^|/)(__MACOSX/|\._|keras_metadata\.pb$|fingerprint\.pb$)")
_VARIABLES = re.compile(r"(^|/)variables/variables\.index$")
_MOST_ENTRIES = 1000
_MOST_BYTES = 256 << 20
"""A packed tar file has no table of contents: everything before an entry must be unpacked."""


def models_in(path: Path) -> list[str]:
    """Return what could be passed as ``--from`` once the archive is unpacked: its files, and the
    directories of its SavedModels."""
    try:
        names = list(_zipped(path) if zipfile.is_zipfile(path) else _tarred(path))
    except Exception:  # of an archive that is damaged, nothing more is known
        return []
    found = [name for name in names if _MODELS.search(name) and not _METADATA.search(name)]
    whole = (_passed(name) for name in found if not _VARIABLES.search(name))
    return list(dict.fromkeys(whole))


def _passed(name: str) -> str:
    file = PurePosixPath(name)
    if file.name.startswith("saved_model.pb") and file.parent.name:
        return str(file.parent)
    return str(file)


def _zipped(path: Path) -> Iterator[str]:
    with zipfile.ZipFile(path) as archive:
        yield from archive.namelist()[:_MOST_ENTRIES]


def _tarred(path: Path) -> Iterator[str]:
    with tarfile.open(path) as archive:
        for number, entry in enumerate(archive):
            yield entry.name
            if number >= _MOST_ENTRIES or entry.offset_data + entry.size > _MOST_BYTES:
                return
