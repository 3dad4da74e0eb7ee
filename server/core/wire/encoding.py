"""How plain values travel: an :class:`Encoding` turns them into bytes or text and back.

JSON stands here; msgpack is not of the standard library, so
``server.handlers.encodings`` brings it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROTOCOL = "framewire.v1"


@dataclass(frozen=True, slots=True)
class Encoding:
    """One subprotocol. ``unpack`` raises ValueError for what it cannot read."""

    subprotocol: str
    text: bool
    pack: Callable[[Any], bytes | str]
    unpack: Callable[[Any], Any]


def _unpack_json(payload: str | bytes) -> Any:
    try:
        return json.loads(payload)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _pack_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


JSON = Encoding(f"{PROTOCOL}.json", True, _pack_json, _unpack_json)
