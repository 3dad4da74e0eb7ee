"""Compares two answers as their task requires."""

from __future__ import annotations

import struct
from collections.abc import Callable

from framewire.agreement import classes, maps, objects, values
from framewire.agreement.answers import Answer, Cut
from framewire.agreement.summary import Comparison

_BY_FIELD: dict[str, Callable[[Answer, Answer, Cut], Comparison]] = {
    "boxes": objects.boxes,
    "keypoints": objects.poses,
    "masks": maps.masks,
    "map": maps.dense_maps,
    "embedding": values.embeddings,
    "outputs": values.outputs,
    "classes": classes.classes,
}
"""By a field that only results of one task have. Boxes have ``classes`` as well."""

NO_CUT = Cut()

_MALFORMED = (
    ArithmeticError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    struct.error,
)


class MalformedAnswer(ValueError):
    """The fields of an answer are not those of a ``result``, or do not fit together."""


def compare(before: Answer, after: Answer, cut: Cut = NO_CUT) -> Comparison:
    """Return how ``after`` differs from ``before``, which a session has ``cut``.

    Answers of different tasks do not agree at all. Raises :class:`MalformedAnswer`.
    """
    for field, comparison in _BY_FIELD.items():
        if field in before.fields:
            if field not in after.fields:
                return Comparison(0.0)
            try:
                return comparison(before, after, cut)
            except _MALFORMED as error:
                raise MalformedAnswer(f"{field}: {error!r}") from error
    raise MalformedAnswer("it has no fields of any task")
