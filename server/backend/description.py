"""What a model says about itself: the JSON object of its ``describe`` signature.

For a model without this signature, the gateway's settings can contain the same object.
docs/model-contract.md defines it; unknown keys are ignored, every known one is checked.
"""

from __future__ import annotations

import json
import re
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from server.core.errors import BadMessage
from server.core.messages import ENCODED_FORMATS
from server.core.model import Edge, Resize, Task, Then
from server.core.wire import check_options

SCHEMA = 1
_TASKS: tuple[Task, ...] = get_args(Task)
_RESIZES: tuple[Resize, ...] = get_args(Resize)
_MAX_SIDE = 2**16
_MAX_NUMBER = 1e30  # what float32 pixels can be scaled by
_MAX_EDGES = 1000
_COLOR = re.compile("#[0-9a-f]{6}", re.IGNORECASE)
MAX_POINTS = 1000
"""The most keypoints of a pose."""

T = TypeVar("T")


class DescriptionError(ValueError):
    """An unusable description; the message names the field."""


@dataclass(frozen=True, slots=True)
class Scale:
    """``(x - mean) / std`` for pixels ``x`` in 0..255, one value per channel or one for all."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """One model's description; None for what it leaves out.

    ``first_class`` is the model's number for its first label, ``width`` and ``height``
    are the size of its input in pixels, ``formats`` are those that its graph decodes.
    ``skeleton`` joins keypoints by their numbers, ``palette`` has the colors of the labels.
    ``multi_label``: classes do not exclude one another. ``unit``: that of a map's values.
    ``then``: the model that is meant for its boxes. ``masks``: whether its boxes have masks.
    """

    task: Task | None = None
    labels: tuple[str, ...] = ()
    first_class: int | None = None
    width: int | None = None
    height: int | None = None
    resize: Resize = "stretch"
    scale: Scale | None = None
    formats: tuple[str, ...] | None = None
    max_batch: int | None = None
    skeleton: tuple[Edge, ...] = ()
    palette: tuple[str, ...] = ()
    multi_label: bool = False
    unit: str = ""
    then: Then | None = None
    masks: bool | None = None


def parse(text: bytes) -> Description:
    """Return the description in ``text``, UTF-8 JSON. Raises DescriptionError."""
    try:
        fields = json.loads(text)
    except ValueError as error:  # JSON and UTF-8 errors are ValueErrors
        raise DescriptionError(f"not JSON: {error}") from None
    except RecursionError:
        raise DescriptionError("not JSON: nested too deeply") from None
    if not isinstance(fields, dict):
        raise DescriptionError("not a JSON object")
    if fields.get("schema") != SCHEMA:
        raise DescriptionError(f"schema must be {SCHEMA}, not {reprlib.repr(fields.get('schema'))}")
    return from_fields(fields)


def from_fields(fields: Mapping[str, Any]) -> Description:
    """Return the description in a decoded JSON object. Raises DescriptionError."""
    picture = fields.get("input")
    if picture is None:
        picture = {}
    if not isinstance(picture, Mapping):
        raise _wrong("input", "an object", picture)
    width = _integer(picture, "width", 1, _MAX_SIDE, "input.")
    height = _integer(picture, "height", 1, _MAX_SIDE, "input.")
    if (width is None) != (height is None):
        raise DescriptionError("input.width and input.height require each other")
    return Description(
        task=_choice(fields, "task", _TASKS),
        labels=_strings(fields, "labels") or (),
        first_class=_integer(fields, "first_class", 0, 2**31),
        width=width,
        height=height,
        resize=_choice(picture, "resize", _RESIZES, "input.") or "stretch",
        scale=_scale(picture.get("scale")),
        formats=_formats(fields),
        max_batch=_integer(fields, "max_batch", 1, 2**31),
        skeleton=_skeleton(fields.get("skeleton")),
        palette=_palette(fields),
        multi_label=bool(_boolean(fields, "multi_label")),
        unit=_text(fields, "unit"),
        then=_then(fields.get("then")),
        masks=_boolean(fields, "masks"),
    )


def _wrong(name: str, expected: str, value: object) -> DescriptionError:
    return DescriptionError(f"{name} must be {expected}, not {reprlib.repr(value)}")


def _integer(
    fields: Mapping[str, Any], name: str, low: int, high: int, under: str = ""
) -> int | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(under + name, f"an integer from {low} to {high}", value)
    return value


def _boolean(fields: Mapping[str, Any], name: str) -> bool | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, bool):
        raise _wrong(name, "true or false", value)
    return value


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(name, "a string", value)
    return value


def _choice(
    fields: Mapping[str, Any], name: str, choices: Sequence[T], under: str = ""
) -> T | None:
    value = fields.get(name)
    if value is not None and value not in choices:
        raise _wrong(under + name, "one of " + ", ".join(map(str, choices)), value)
    return value if value is None else choices[choices.index(value)]


def _strings(fields: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, "a list of strings", value)
    return tuple(value)


def _formats(fields: Mapping[str, Any]) -> tuple[str, ...] | None:
    formats = _strings(fields, "formats")
    for name in formats or ():
        if name not in ENCODED_FORMATS:
            raise _wrong("formats", "a list of " + ", ".join(ENCODED_FORMATS), name)
    return formats


def _skeleton(value: Any) -> tuple[Edge, ...]:
    if value is None:
        return ()
    is_list = isinstance(value, (list, tuple)) and len(value) <= _MAX_EDGES
    if not is_list or not all(map(_is_edge, value)):
        expected = f"at most {_MAX_EDGES} pairs of keypoints' numbers from 0 to {MAX_POINTS - 1}"
        raise _wrong("skeleton", expected, value)
    return tuple((first, second) for first, second in value)


def _is_edge(value: Any) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) == 2
        and all(type(one) is int and 0 <= one < MAX_POINTS for one in value)
    )


def _palette(fields: Mapping[str, Any]) -> tuple[str, ...]:
    colors = _strings(fields, "palette") or ()
    for color in colors:
        if not _COLOR.fullmatch(color):
            raise _wrong("palette", "a list of colors such as #00ff7f", color)
    return tuple(color.lower() for color in colors)


def _then(value: Any) -> Then | None:
    """Return the second model, which is given by its name, or as clients give it."""
    if value is None:
        return None
    try:
        then = check_options({"then": value}).then
    except BadMessage as error:
        raise DescriptionError(f"then: {error.message}") from None
    if not isinstance(then, Then):
        raise _wrong("then", "a model's name or an object", value)
    return then


def _scale(value: Any) -> Scale | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise _wrong("input.scale", "an object with mean and std", value)
    scale = Scale(_numbers(value, "mean"), _numbers(value, "std"))
    if 0 in scale.std:
        raise _wrong("input.scale.std", "without zeros", list(scale.std))
    return scale


def _numbers(fields: Mapping[str, Any], name: str) -> tuple[float, ...]:
    value = fields.get(name)
    numbers = isinstance(value, (list, tuple)) and len(value) in (1, 3) and all(map(_finite, value))
    if not numbers:
        raise _wrong(f"input.scale.{name}", "a list of 1 or 3 numbers", value)
    return tuple(float(item) for item in value or ())


def _finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # Comparing also works for integers that no float can hold.
    return -_MAX_NUMBER < value < _MAX_NUMBER
