"""The message encodings that a client can choose from, and how one is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from server.core.wire import JSON, PROTOCOL, Encoding
from server.core.wire.encoding import MAX_CONTAINERS, MAX_ITEMS, TOO_DEEP, TOO_MUCH

# Of one map or array. Those that are not complete are nested, and not counted yet.
MAX_ITEMS_OF_ONE = 128


class _Limit:
    """Counts the maps and arrays of one message and their items; stops the parser at too many."""

    containers, items = MAX_CONTAINERS, MAX_ITEMS

    def count(self, container: Any) -> Any:
        """Count a map or an array; the parser calls this as soon as it has read one."""
        self.containers -= 1
        self.items -= len(container)
        if self.containers < 0 or self.items < 0:
            raise ValueError(TOO_MUCH)
        return container


_LIMIT = _Limit()  # one for all messages, which are read one by one
_COUNT = _LIMIT.count


def _unpack(payload: Any) -> Any:
    _LIMIT.containers, _LIMIT.items = MAX_CONTAINERS, MAX_ITEMS
    try:
        return msgpack.unpackb(
            payload,
            raw=False,
            strict_map_key=True,
            max_array_len=MAX_ITEMS_OF_ONE,
            max_map_len=MAX_ITEMS_OF_ONE,
            list_hook=_COUNT,
            object_hook=_COUNT,
        )
    except msgpack.ExtraData:
        raise ValueError("extra bytes follow the message; send nothing after it") from None
    except msgpack.StackError:
        raise ValueError(TOO_DEEP) from None
    except ValueError as error:
        if "exceeds max_" not in str(error):  # the library's words for a bound of ours
            raise
        raise ValueError(f"a map or array has more than {MAX_ITEMS_OF_ONE} items") from None


MSGPACK = Encoding(f"{PROTOCOL}.msgpack", False, msgpack.Packer().pack, _unpack)

BY_SUBPROTOCOL = {encoding.subprotocol: encoding for encoding in (MSGPACK, JSON)}


def choose(offered: Sequence[str]) -> str | None:
    """Return the first offered subprotocol that the gateway supports."""
    return next((name for name in offered if name in BY_SUBPROTOCOL), None)


def implied_by(payload: bytes | memoryview | str) -> Encoding:
    """Return the encoding of a client that offered no subprotocol, by its first message."""
    return JSON if isinstance(payload, str) else MSGPACK
