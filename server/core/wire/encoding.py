"""Plain values to bytes or text and back.

JSON is defined here. msgpack is not in the standard library, so it is defined outside
the core.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROTOCOL = "framewire.v1"

# What a message may contain besides its picture. The largest real one, with all zones and lines,
# has 600 containers and 1,200 items; without a limit, a few megabytes of empty arrays would block
# the event loop for a second.
MAX_CONTAINERS = 1024
MAX_ITEMS = 2048
_BOUNDS = (("{", MAX_CONTAINERS), ("[", MAX_CONTAINERS), (",", MAX_ITEMS))
_MAX_DIGITS = 64
TOO_MUCH = "too many maps, arrays or values"
TOO_DEEP = "nested too deeply"


@dataclass(frozen=True, slots=True)
class Encoding:
    """One subprotocol. ``unpack`` raises ValueError for what it cannot decode.

    It also rejects what would be expensive to decode: more than ``MAX_CONTAINERS``
    containers, or more than ``MAX_ITEMS`` items in all of them.
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
    # Not str.count: with few occurrences, find is ten times as fast.
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
    # JSON has no NaN: a ValueError here is better than text that no client can parse.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


JSON = Encoding(f"{PROTOCOL}.json", True, _pack_json, _unpack_json)
