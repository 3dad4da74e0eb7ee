"""The encodings that a client can choose from, and the choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgpack

from server.core.wire import JSON, PROTOCOL, Encoding


def _unpack(payload: Any) -> Any:
    # Lengths inside are bounded by the payload's own: a short message cannot ask for much.
    return msgpack.unpackb(payload, raw=False, strict_map_key=True)


MSGPACK = Encoding(f"{PROTOCOL}.msgpack", False, msgpack.Packer().pack, _unpack)

BY_SUBPROTOCOL = {encoding.subprotocol: encoding for encoding in (MSGPACK, JSON)}


def choose(offered: Sequence[str]) -> str | None:
    """The first subprotocol of those offered that is spoken here."""
    return next((name for name in offered if name in BY_SUBPROTOCOL), None)


def implied_by(payload: bytes | str) -> Encoding:
    """The encoding of a client that offered none."""
    return JSON if isinstance(payload, str) else MSGPACK
