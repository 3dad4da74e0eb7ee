"""Read the names of classes and keypoints from a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from export.errors import SourceError
from export.serving import labelforms
from framewire import textfile

_MOST_POINTS = 100_000

KeypointShape = tuple[int, int]
"""How many keypoints there are, and how many values each of them has: 2 or 3."""


@dataclass(frozen=True)
class Labels:
    """The names in a file.

    ``names``: of classes, or of keypoints if the file is a plain list of these. ``keypoints``: of
    keypoints in a file that names classes as well. ``shape``: of these; None for other files.
    ``notes``: remarks on how the file was read, one line each.
    """

    names: tuple[str, ...] = ()
    keypoints: tuple[str, ...] = ()
    shape: KeypointShape | None = None
    notes: tuple[str, ...] = ()

    def of(self, task: str) -> tuple[str, ...]:
        """Return the names that a task has a place for."""
        return self.keypoints if task == "keypoints" and self.shape else self.names


def read(path: Path) -> Labels:
    """Return the labels in ``path``. Raise ``SourceError``.

    The file has one label per line, one of the forms in ``labelforms``, or is the ``.yaml`` of an
    Ultralytics export or data set. What is in it counts more than its suffix.
    """
    try:
        text = textfile.read(path)
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise SourceError(f"cannot read {path}: {error}") from None
    if not text.strip():
        raise SourceError(f"{path} is empty")
    labels = _parsed(path, text)
    if not any(labels.names):
        raise SourceError(f"{path} has no labels")
    return labels


def _parsed(path: Path, text: str) -> Labels:
    suffix = path.suffix.lower()
    if suffix in (".yaml", ".yml"):
        return _metadata(path, text)
    if suffix == ".pbtxt" or labelforms.is_label_map(text):
        return Labels(_label_map(path, text))
    if suffix == ".json":
        return Labels(_json(path, text))
    if suffix in (".csv", ".tsv") or labelforms.is_table(text):
        return Labels(_table(path, text))
    return _structured(text) or _lines(path, text)


def check_count(
    path: Path, labels: Sequence[str], count: int | None, named: str, is_decoded: bool = False
) -> None:
    """Raise ``SourceError`` unless there are ``count`` labels.

    ``named``: what they name. ``is_decoded``: the model's background has been found already.
    """
    if count is None or len(labels) == count:
        return
    hint = ""
    if named == "classes" and count == len(labels) + 1 and not is_decoded:
        hint = "; if its first class is the background, add --background"
    elif named == "classes" and count == len(labels) - 1:
        hint = "; the background is no class: remove its label if there is one"
    raise SourceError(f"{path} has {len(labels)} labels, but the model has {count} {named}{hint}")


def _structured(text: str) -> Labels | None:
    """Return the labels in JSON, or in a dictionary of Python, under any suffix."""
    if text.lstrip()[0] not in "{[":
        return None
    for parse in (json.loads, _yaml):
        try:
            names = labelforms.of_value(parse(text))
        except (ValueError, RecursionError):
            continue
        if names is not None:
            return Labels(names)
    return None


def _lines(path: Path, text: str) -> Labels:
    lines = text.rstrip().split("\n")
    names = labelforms.without_numbers(lines)
    if names is None:
        return Labels(tuple(line.strip() for line in lines))
    return Labels(names, notes=(f"{path.name} numbers its labels; the numbers are left out",))


def _json(path: Path, text: str) -> tuple[str, ...]:
    try:
        names = labelforms.of_value(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from None
    if names is None:
        raise SourceError(
            f"{path} must contain a JSON list of strings, or an object with a name for each number "
            "or a number for each name"
        )
    return names


def _label_map(path: Path, text: str) -> tuple[str, ...]:
    try:
        return labelforms.label_map(text)
    except ValueError as error:
        raise SourceError(f"{path} is not a label map: {error}") from None


def _table(path: Path, text: str) -> tuple[str, ...]:
    names = labelforms.table(text)
    if names is None:
        raise SourceError(
            f"{path} has no column of names that can be told from the others: call it name in the "
            "first line, or write a file with one name per line"
        )
    return names


def _yaml(text: str) -> Any:
    """Return YAML as strings: a class may be called "no" or 1e3. Raise ``ValueError``."""
    import yaml  # only some kinds of files need it

    try:
        return yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(" ".join(str(error).split())) from None


def _metadata(path: Path, text: str) -> Labels:
    try:
        fields = _yaml(text)
    except ValueError as error:
        raise SourceError(f"{path} is not YAML: {error}") from None
    if not isinstance(fields, dict) or not fields.get("names"):
        names = labelforms.of_value(fields)
        if names is not None:
            return Labels(names)
        raise SourceError(f"{path} has no names: a list, or an entry for each class's number")
    names = _strings(path, "names", fields["names"])
    if "kpt_shape" not in fields:
        return Labels(names)
    shape = _shape(path, fields["kpt_shape"])
    return Labels(names, _keypoints(path, fields.get("kpt_names") or [], shape[0]), shape)


def _shape(path: Path, value: Any) -> KeypointShape:
    match value:
        case [str(count), ("2" | "3") as values] if (
            count.isdecimal() and 0 < int(count) <= _MOST_POINTS
        ):
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
