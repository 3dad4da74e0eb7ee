"""The classes' names, from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from export.errors import SourceError

_ITEM = re.compile(r"item\s*\{(.*?)\}", re.DOTALL)
_ID = re.compile(r"\bid\s*:\s*(\d+)")
_NAME = re.compile(r"\b(display_name|name)\s*:\s*(['\"])(.*?)\2")
_MOST = 100_000


def read(path: Path) -> list[str]:
    """The labels in `path`: a JSON list, a label map of TensorFlow's detection models (`.pbtxt`),
    or a line each. Raises SourceError.

    Numbers that a label map leaves out get an empty label, so that a class's place in the list is
    its number, less the map's first.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is no text in UTF-8") from None
    if path.suffix == ".json":
        return _json(path, text)
    if path.suffix == ".pbtxt":
        return _label_map(path, text)
    return [line.strip() for line in text.rstrip().splitlines()]


def check_count(path: Path, labels: list[str], classes: int | None) -> None:
    """Raises SourceError unless there is a label for each class."""
    if classes is not None and len(labels) != classes:
        raise SourceError(f"{path} has {len(labels)} labels, but the model has {classes} classes")


def _json(path: Path, text: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise SourceError(f"{path} must hold a JSON list of strings")
    return found


def _label_map(path: Path, text: str) -> list[str]:
    names: dict[int, str] = {}
    for item in _ITEM.findall(text):
        number, found = _ID.search(item), {key: name for key, _, name in _NAME.findall(item)}
        if number is None or not found:
            raise SourceError(f"{path}: an item has no id or no name")
        names[int(number[1])] = found.get("display_name") or found["name"]
    if not names or max(names) > _MOST:
        raise SourceError(f"{path} is no label map")
    return [names.get(number, "") for number in range(min(names), max(names) + 1)]
