"""Read the names of classes and keypoints from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import SourceError
from framewire import textfile

_ITEM = re.compile(r"item\s*\{(.*?)\}", re.DOTALL)
_ID = re.compile(r"\bid\s*:\s*(\d+)")
_NAME = re.compile(r"\b(display_name|name)\s*:\s*(['\"])(.*?)\2")
_MAX_ID = 100_000

KeypointShape = tuple[int, int]
"""How many keypoints there are, and how many values each of them has: 2 or 3."""


@dataclass(frozen=True)
class Labels:
    """The names in a file.

    ``names``: of classes, or of keypoints if the file is a plain list of these. ``keypoints``: of
    keypoints in a file that names classes as well. ``shape``: of these; None for other files.
    """

    names: tuple[str, ...] = ()
    keypoints: tuple[str, ...] = ()
    shape: KeypointShape | None = None

    def of(self, task: str) -> tuple[str, ...]:
        """Return the names that a task has a place for."""
        return self.keypoints if task == "keypoints" and self.shape else self.names


def read(path: Path) -> Labels:
    """Return the labels in ``path``. Raise ``SourceError``.

    The file is a JSON list (``.json``), a label map of TensorFlow's detection models (``.pbtxt``),
    the ``.yaml`` of an Ultralytics export or data set, or has one label per line. IDs that a label
    map skips get an empty label, so that the index of a label is its ID minus the first ID.
    """
    try:
        text = textfile.read(path)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise SourceError(f"cannot read {path}: {error}") from None
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return _metadata(path, text)
    if suffix == ".json":
        return Labels(_json(path, text))
    if suffix == ".pbtxt":
        return Labels(_label_map(path, text))
    if not text.strip():
        raise SourceError(f"{path} is empty")
    return Labels(tuple(line.strip() for line in text.rstrip().splitlines()))


def check_count(path: Path, labels: Sequence[str], count: int | None, named: str) -> None:
    """Raise ``SourceError`` unless there are ``count`` labels. ``named``: what they name."""
    if count is not None and len(labels) != count:
        raise SourceError(f"{path} has {len(labels)} labels, but the model has {count} {named}")


def _json(path: Path, text: str) -> tuple[str, ...]:
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise SourceError(f"{path} must contain a JSON list of strings")
    return tuple(labels)


def _label_map(path: Path, text: str) -> tuple[str, ...]:
    names: dict[int, str] = {}
    for item in _ITEM.findall(text):
        number, texts = _ID.search(item), {key: name for key, _, name in _NAME.findall(item)}
        if number is None or not texts:
            raise SourceError(f"{path}: an item has no id or no name")
        names[int(number[1])] = texts.get("display_name") or texts["name"]
    if not names or max(names) > _MAX_ID:
        raise SourceError(f"{path} is not a label map")
    return tuple(names.get(number, "") for number in range(min(names), max(names) + 1))


def _metadata(path: Path, text: str) -> Labels:
    import yaml  # only this kind of file needs it

    try:
        fields = yaml.load(text, yaml.BaseLoader)  # as strings: a class may be called "no" or 1e3
    except (yaml.YAMLError, RecursionError) as error:
        raise SourceError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(fields, dict) or not fields.get("names"):
        raise SourceError(f"{path} has no names: a list, or an entry for each class's number")
    names = _strings(path, "names", fields["names"])
    if "kpt_shape" not in fields:
        return Labels(names)
    shape = _shape(path, fields["kpt_shape"])
    return Labels(names, _keypoints(path, fields.get("kpt_names") or [], shape[0]), shape)


def _shape(path: Path, value: Any) -> KeypointShape:
    match value:
        case [str(count), ("2" | "3") as values] if count.isdecimal() and 0 < int(count) <= _MAX_ID:
            return int(count), int(values)
    raise SourceError(f"{path}: kpt_shape must be the number of keypoints, then 2 or 3")


def _keypoints(path: Path, value: Any, count: int) -> tuple[str, ...]:
    """Return the names of keypoints, which are listed for each class; nothing if there are none."""
    lists = {_strings(path, "kpt_names", one) for one in _entries(path, "kpt_names", value)}
    if len(lists) > 1:
        raise SourceError(
            f"{path}: kpt_names differ from class to class, but poses have one list of keypoints; "
            "write it to a file with one name per line"
        )
    names = next(iter(lists), ())
    if names and len(names) != count:
        raise SourceError(f"{path}: kpt_names are {len(names)}, but kpt_shape says {count}")
    # Ultralytics numbers the keypoints that a data set does not name.
    return () if names == tuple(map(str, range(count))) else names


def _strings(path: Path, field: str, value: Any) -> tuple[str, ...]:
    strings = _entries(path, field, value)
    if not all(isinstance(one, str) for one in strings):
        raise SourceError(f"{path}: {field} must be strings")
    return tuple(strings)


def _entries(path: Path, field: str, value: Any) -> Sequence[Any]:
    """Return the entries of a list, or of a map that numbers them from 0 on."""
    if isinstance(value, dict):
        numbered = {int(number): one for number, one in value.items() if number.isdecimal()}
        if sorted(numbered) != list(range(len(value))):
            raise SourceError(f"{path}: {field} must have the numbers 0 to {len(value) - 1}")
        return [numbered[number] for number in range(len(value))]
    if not isinstance(value, list):
        raise SourceError(f"{path}: {field} must be a list, or have an entry for each number")
    return value
