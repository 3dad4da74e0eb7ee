"""Unmasking where the bytes are: wherever they begin and end, and nothing beside them changes."""

from __future__ import annotations

import pytest

from server.transport.masking import unmasked

MASK = b"\x01\x20\x40\x83"


@pytest.mark.parametrize("start", range(4, 20))
@pytest.mark.parametrize("size", [16, 100, 16_384, 16_387, 65_541])
@pytest.mark.parametrize("kind", [bytearray, bytes])
def test_a_payload_is_unmasked(start: int, size: int, kind: type) -> None:
    plain = bytes(number % 251 for number in range(size))
    masked = bytes(value ^ MASK[at % 4] for at, value in enumerate(plain))
    before, after = b"\xff" * (start - 4) + MASK, b"the next frame"
    buffer = kind(before + masked + after)
    payload = unmasked(memoryview(buffer), start, start + size)
    assert bytes(payload) == plain
    assert (buffer[:start], buffer[start + size :]) == (before, after)


def test_a_picture_is_not_copied() -> None:
    frame = memoryview(bytearray(8 + 20_000))
    payload = unmasked(frame, 8, len(frame))
    frame[8] = 77
    assert payload[0] == 77
