"""Read the names of the classes from a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

from export.errors import SourceError

_ITEM = re.compile(r"item\s*\{(.*?)\}", re.DOTALL)
_ID = re.compile(r"\bid\s*:\s*(\d+)")
_NAME = re.compile(r"\b(display_name|name)\s*:\s*(['\"])(.*?)\2")
_NAMES = re.compile(
    r"^names:[ \t]*(\[.*?\]|(?:\n[ \t]*(?:-|\d+:)[^\n]*)+)", re.MULTILINE | re.DOTALL
)
_ENTRY = re.compile(r"^[ \t]*(?:-|\d+:)[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_MAX_ID = 100_000


def read(path: Path) -> list[str]:
    """Return the labels in ``path``. Raise ``SourceError``.

    The file is a JSON list (``.json``), a label map of TensorFlow's detection models (``.pbtxt``),
    YAML with ``names``, as Ultralytics writes it (``.yaml``), or has one label per line. IDs that a
    label map skips get an empty label, so that the index of a label is its ID minus the first ID.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8 text") from None
    suffix = path.suffix.lower()
    if suffix == ".json":
        return _json(path, text)
    if suffix == ".pbtxt":
        return _label_map(path, text)
    if suffix in (".yaml", ".yml"):
        return _names(path, text)
    return [line.strip() for line in text.rstrip().splitlines()]


def check_count(path: Path, labels: list[str], count: int | None, named: str) -> None:
    """Raise ``SourceError`` unless there are ``count`` labels. ``named``: what they name."""
    if count is not None and len(labels) != count:
        raise SourceError(f"{path} has {len(labels)} labels, but the model has {count} {named}")


def _json(path: Path, text: str) -> list[str]:
    try:
        labels = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise SourceError(f"{path} must contain a JSON list of strings")
    return labels


def _label_map(path: Path, text: str) -> list[str]:
    names: dict[int, str] = {}
    for item in _ITEM.findall(text):
        number, texts = _ID.search(item), {key: name for key, _, name in _NAME.findall(item)}
        if number is None or not texts:
            raise SourceError(f"{path}: an item has no id or no name")
        names[int(number[1])] = texts.get("display_name") or texts["name"]
    if not names or max(names) > _MAX_ID:
        raise SourceError(f"{path} is not a label map")
    return [names.get(number, "") for number in range(min(names), max(names) + 1)]


def _names(path: Path, text: str) -> list[str]:
    """Read the list or the numbered entries of ``names``, which need no more of YAML than this."""
    names = _NAMES.search(text)
    if names is None:
        raise SourceError(f"{path} has no names: a list, or an entry for each class's number")
    if names[1].startswith("["):
        return [name.strip().strip("'\"") for name in names[1][1:-1].split(",")]
    return [name.strip("'\"") for name in _ENTRY.findall(names[1])]
