"""Read the names of classes in the forms in which other tools write them.

========================================  ==================================================
form                                      for example
========================================  ==================================================
``["cat", "dog"]``                        any JSON
``{"0": "cat", "1": "dog"}``              ``id2label`` of Hugging Face; Python dictionaries
``{"cat": 0, "dog": 1}``                  ``class_indices`` of Keras
``{"0": ["n02123045", "tabby"]}``         ``imagenet_class_index.json`` of Keras
``[{"id": 1, "name": "cat"}]``            ``categories`` of COCO
``item { id: 1 name: "cat" }``            a label map of TensorFlow's detection models
``0 cat``, ``0: cat``, ``0,cat``          lines of Teachable Machine, Coral, TF-Slim
a column of a table                       CSV
========================================  ==================================================

The index of a name is its number minus the first number. Numbers that are skipped get an empty
name.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

Names = tuple[str, ...]

_LARGEST = 100_000
_PARTS = ("names", "categories", "id2label", "labels", "classes", "class_names", "class_indices")
"""What larger files call the part with the classes."""

_LABEL_MAP = re.compile(r"(\s|#.*\n)*item\s*:?\s*\{")
_LINE = re.compile(r"([0-9]{1,6})(?:\s*[:,;.)=]\s*|\s+)(\S.*)")
_NAME_COLUMNS = ("display_name", "name", "label", "class_name", "class", "labels", "names")
_NUMBER_COLUMNS = ("id", "index", "class_id", "label_id", "number", "idx")

_Type = descriptor_pb2.FieldDescriptorProto
_FIELDS = (("id", _Type.TYPE_INT64), ("name", _Type.TYPE_BYTES), ("display_name", _Type.TYPE_BYTES))


def of_value(value: Any) -> Names | None:
    """Return the names in a JSON or YAML value; None if it has another form."""
    if isinstance(value, list):
        names = [one for one in value if isinstance(one, str)]
        return tuple(names) if len(names) == len(value) else _of_objects(value)
    if not isinstance(value, dict):
        return None
    inner = next((value[part] for part in _PARTS if isinstance(value.get(part), list | dict)), None)
    return _of_map(value) if inner is None else of_value(inner)


def is_label_map(text: str) -> bool:
    """Return whether a text begins like a label map."""
    return _LABEL_MAP.match(text) is not None


def label_map(text: str) -> Names:
    """Return the names in a label map. Raise ``ValueError`` that says what is wrong."""
    message = _label_map_type()()
    try:
        text_format.Parse(text, message, allow_unknown_field=True)
    except text_format.ParseError as error:
        raise ValueError(" ".join(str(error).split())[:200]) from None
    names: dict[int, str] = {}
    for item in message.item:
        texts = [*item.display_name, *item.name]
        if not item.id or not texts:
            raise ValueError("an item has no id or no name")
        names[item.id[0]] = next(filter(None, texts), b"").decode("utf-8", "replace")
    found = _in_order(names)
    if found is None:
        raise ValueError("it has no items, or an id that is too large")
    return found


def without_numbers(lines: Sequence[str]) -> Names | None:
    """Return the names in lines that number them from 0 or 1 on; None if these are the names.

    The lines may be in another order if the numbers leave out none. Names such as "1 euro" and
    "2 euros" are not taken for that, as long as what follows the number repeats, or the numbers
    leave out more than they have.
    """
    found = [_LINE.fullmatch(line.strip()) for line in lines if line.strip()]
    pairs = [(int(one[1]), one[2]) for one in found if one is not None]
    numbers, names = [number for number, _ in pairs], {name for _, name in pairs}
    counted = sorted(set(numbers))
    is_whole = counted in (list(range(len(pairs))), list(range(1, len(pairs) + 1)))
    is_counted = is_whole or (numbers == counted and counted[:1] in ([0], [1]))
    if len(pairs) != len(found) or len(names) != len(pairs) or len(pairs) < 2 or not is_counted:
        return None
    return _in_order(dict(pairs)) if counted[-1] <= 2 * len(pairs) else None


def is_table(text: str) -> bool:
    """Return whether the first line of a text names a column of numbers and one of names."""
    head = {cell.strip(" \"'").lower() for cell in re.split(r"[,;\t]", text.partition("\n")[0])}
    return not head.isdisjoint(_NAME_COLUMNS) and not head.isdisjoint(_NUMBER_COLUMNS)


def table(text: str) -> Names | None:
    """Return the names in a table, with or without a head; None if no column can be meant."""
    line = text.partition("\n")[0]
    delimiter = next((one for one in "\t;" if one in line and "," not in line), ",")
    try:
        lines = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if any(row)]
    except csv.Error:
        return None
    rows = [[cell.strip() for cell in row] for row in lines]
    if not rows or len({len(row) for row in rows}) != 1:
        return None
    head = [cell.lower() for cell in rows[0]]
    named = next((head.index(name) for name in _NAME_COLUMNS if name in head), None)
    if named is not None:
        number = next((head.index(name) for name in _NUMBER_COLUMNS if name in head), None)
        return _of_columns(rows[1:], named, number)
    if len(head) == 1:
        return _of_columns(rows, 0, None)
    number = next((at for at in range(len(head)) if all(_is_number(r[at]) for r in rows)), None)
    return _of_columns(rows, 1 - number, number) if len(head) == 2 and number is not None else None


def _of_columns(rows: Sequence[Sequence[str]], named: int, number: int | None) -> Names | None:
    if number is None or not all(_is_number(row[number]) for row in rows):
        return tuple(row[named] for row in rows)
    return _in_order({int(row[number]): row[named] for row in rows})


def _of_objects(value: Sequence[Any]) -> Names | None:
    names = [_name(one) for one in value]
    if not all(isinstance(one, dict) for one in value) or None in names:
        return None
    numbers = [one.get("id") for one in value]
    if not all(map(_is_number, numbers)):
        return tuple(map(str, names))
    return _in_order({int(n): str(name) for n, name in zip(numbers, names, strict=True)})


def _of_map(value: Mapping[Any, Any]) -> Names | None:
    if all(map(_is_number, value)):
        names = {int(number): _name(one) for number, one in value.items()}
        return None if None in names.values() else _in_order(names)
    if len(value) > 1 and all(map(_is_number, value.values())):
        names = {int(number): str(name) for name, number in value.items()}
        return _in_order(names) if sorted(names) == list(range(len(value))) else None
    return None


def _name(value: Any) -> str | None:
    """Return the name in an entry: a text, the last of several, or an object with a name."""
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, list) and value:
        value = value[-1]
    return value if isinstance(value, str) else None


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdecimal() and len(value) <= len(str(_LARGEST))
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _in_order(names: Mapping[int, str | None]) -> Names | None:
    if not names or max(names) - min(names) > _LARGEST:
        return None
    return tuple(names.get(number) or "" for number in range(min(names), max(names) + 1))


@cache
def _label_map_type() -> Any:
    """Return the type of a ``StringIntLabelMap``, which TensorFlow does not contain.

    All fields may be repeated, as hand-written files do.
    """
    file = descriptor_pb2.FileDescriptorProto(name="label_map.proto", package="export")
    item = file.message_type.add(name="Item")
    for number, (name, kind) in enumerate(_FIELDS, start=1):
        item.field.add(name=name, number=number, type=kind, label=_Type.LABEL_REPEATED)
    items = {"type": _Type.TYPE_MESSAGE, "type_name": ".export.Item"}
    file.message_type.add(name="LabelMap").field.add(
        name="item", number=1, label=_Type.LABEL_REPEATED, **items
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("export.LabelMap"))
