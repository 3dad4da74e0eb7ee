"""Vectors, and raw outputs that the wire has no other fields for."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from framewire.agreement.answers import Answer, Cut
from framewire.agreement.summary import Comparison

TOLERANCE = 0.01
"""How far a value of a raw output may be off, relative to the largest one of its output."""
MOST_VALUES = 1024
"""Of an output, evenly spread."""

_CODES = {
    "float16": "e",
    "float32": "f",
    "float64": "d",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "bool": "?",
}


def embeddings(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare vectors by the cosine of their angle; opposite ones do not agree at all."""
    mine, theirs = before.fields["embedding"], after.fields["embedding"]
    if len(mine) != len(theirs):
        return Comparison(0.0)
    product = math.fsum(x * y for x, y in zip(mine, theirs, strict=True))
    lengths = math.hypot(*mine) * math.hypot(*theirs)
    cosine: float = product / lengths if lengths else float(not any(mine) and not any(theirs))
    return Comparison(max(0.0, cosine), similarities=[max(0.0, cosine)])


def outputs(before: Answer, after: Answer, cut: Cut) -> Comparison:
    """Compare raw outputs: the fraction of their values that are equal within ``TOLERANCE``."""
    mine, theirs = before.fields["outputs"], after.fields["outputs"]
    shares = [
        _equal(mine[name], theirs[name]) if name in mine and name in theirs else 0.0
        for name in {*mine, *theirs}
    ]
    return Comparison(math.fsum(shares) / len(shares) if shares else 1.0)


def _equal(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    if list(a["shape"]) != list(b["shape"]):
        return 0.0
    mine, theirs = _values(a), _values(b)
    if not mine or len(mine) != len(theirs):
        return float(len(mine) == len(theirs))
    numbers = [abs(x) for x in mine if isinstance(x, int | float) and math.isfinite(x)]
    tolerance = TOLERANCE * max(numbers, default=0.0)
    same = [x == y or _near(x, y, tolerance) for x, y in zip(mine, theirs, strict=True)]
    return float(sum(same) / len(same))


def _near(x: Any, y: Any, tolerance: float) -> bool:
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        return False
    return abs(x - y) <= tolerance or (math.isnan(x) and math.isnan(y))


def _values(tensor: Mapping[str, Any]) -> Sequence[Any]:
    data = tensor["data"]
    if not isinstance(data, bytes):
        return list(data[:: _step(len(data))])
    code = "<" + _CODES.get(tensor["dtype"], "B")
    size = struct.calcsize(code)
    places = range(0, len(data) // size, _step(len(data) // size))
    return [struct.unpack_from(code, data, size * place)[0] for place in places]


def _step(count: int) -> int:
    return -(-count // MOST_VALUES) or 1
