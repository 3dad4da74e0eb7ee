"""Amounts of things in sentences."""

from __future__ import annotations

import pytest

from server.core import wire
from server.core.amounts import amount
from server.core.messages import Limits


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (1, "1 byte"), (2, "2 bytes"), (21, "21 bytes")]
)
def test_only_one_thing_is_singular(count: int, words: str) -> None:
    assert amount(count, "byte") == words


def test_a_picture_of_one_byte() -> None:
    frame = {"type": "frame", "id": 1, "format": "gray", "width": 1, "height": 1, "data": "AAA="}
    with pytest.raises(wire.Refused) as refused:
        wire.decode(wire.JSON.pack(frame), wire.JSON, Limits(4, 1024, 1024, 500))
    assert refused.value.error.message == "1x1 gray is 1 byte, not 2"
