"""How plain values travel: an :class:`Encoding` turns them into bytes or text and back.

JSON stands here; msgpack is not of the standard library, so
``server.transport.encodings`` provides it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROTOCOL = "framewire.v1"

# What a message may hold besides its picture. No honest one comes near; without
# a bound, some megabytes of empty arrays would hold the loop for a second.
MAX_CONTAINERS = 1024
MAX_ITEMS = 1024
_BOUNDS = (("{", MAX_CONTAINERS), ("[", MAX_CONTAINERS), (",", 16 * MAX_ITEMS))
_MAX_DIGITS = 64
TOO_MUCH = "more maps, arrays or values than any message needs"
TOO_DEEP = "nested too deeply"


@dataclass(frozen=True, slots=True)
class Encoding:
    """One subprotocol. ``unpack`` raises ValueError for what it cannot read.

    ``unpack`` also refuses what would be dear to read: see ``MAX_CONTAINERS`` and
    ``MAX_ITEMS`` (of one container).
    """

    subprotocol: str
    text: bool
    pack: Callable[[Any], bytes | str]
    unpack: Callable[[Any], Any]


def _whole_number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_whole_number)


def _has_more(text: str, character: str, bound: int) -> bool:
    # Not count: where there are few, find is ten times as fast.
    at = -1
    for _ in range(bound + 1):
        at = text.find(character, at + 1)
        if at < 0:
            return False
    return True


def _unpack_json(payload: str) -> Any:
    # Base64 has none of these characters, so a picture does not count.
    if any(_has_more(payload, character, bound) for character, bound in _BOUNDS):
        raise ValueError(TOO_MUCH)
    try:
        return _DECODER.decode(payload)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _pack_json(value: Any) -> str:
    # JSON has no NaN: a ValueError here is better than text that no client can read.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


JSON = Encoding(f"{PROTOCOL}.json", True, _pack_json, _unpack_json)
