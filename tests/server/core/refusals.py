"""Assertions on messages that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from server.core.errors import FramewireError
from server.core.messages import Limits
from server.core.wire import JSON, Encoding, Refused, decode
from server.transport.encodings import MSGPACK
from tests.server.samples import LIMITS, packed

BOTH = pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])


def refused(payload: bytes | str, encoding: Encoding, limits: Limits = LIMITS) -> Refused:
    with pytest.raises(Refused) as caught:
        decode(payload, encoding, limits)
    assert "\n" not in caught.value.error.message
    assert len(caught.value.error.message) < 400
    return caught.value


def assert_refused(
    fields: dict[str, Any],
    encoding: Encoding,
    kind: type[FramewireError],
    words: str,
    frame_id: int | None = None,
) -> None:
    found = refused(packed(encoding, fields), encoding)
    assert type(found.error) is kind, found.error.message
    assert words in found.error.message
    assert found.frame_id == frame_id
