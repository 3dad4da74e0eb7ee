"""What MessagePack from a client may contain, and what is said of anything else."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from server.core.wire.encoding import MAX_CONTAINERS, TOO_MUCH
from server.transport.encodings import MAX_ITEMS_OF_ONE, MSGPACK

MOST = list(range(MAX_ITEMS_OF_ONE))


@pytest.mark.parametrize("value", [MOST, dict.fromkeys(map(str, MOST))])
def test_a_container_may_have_its_most_items(value: Any) -> None:
    assert MSGPACK.unpack(msgpack.packb({"type": "hello", "extra": value}))["extra"] == value


@pytest.mark.parametrize("value", [[*MOST, 0], dict.fromkeys(map(str, [*MOST, "more"]))])
def test_the_error_says_how_many_items_one_may_have(value: Any) -> None:
    with pytest.raises(ValueError, match="a map or array has more than 128 items"):
        MSGPACK.unpack(msgpack.packb({"type": "hello", "extra": value}))


def test_all_containers_together_are_bounded() -> None:
    nested = [[[] for _ in range(100)] for _ in range(MAX_CONTAINERS // 100 + 1)]
    with pytest.raises(ValueError, match=TOO_MUCH):
        MSGPACK.unpack(msgpack.packb({"type": "hello", "extra": nested}))
