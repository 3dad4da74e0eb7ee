"""Header blocks, with the examples of RFC 7541 (appendix C) that need no dynamic table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend.http2.frames import ProtocolError
from server.backend.http2.headers import decode, encode

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=200)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300)


@given(st.dictionaries(st.one_of(NAMES, st.sampled_from([":status", "server"])), VALUES))
def test_what_is_encoded_can_be_decoded(headers: dict[str, str]) -> None:
    assert decode(encode(headers.items())) == headers


@pytest.mark.parametrize(
    ("block", "headers"),
    [
        ("400a637573746f6d2d6b65790d637573746f6d2d686561646572", {"custom-key": "custom-header"}),
        ("040c2f73616d706c652f70617468", {":path": "/sample/path"}),
        ("100870617373776f726406736563726574", {"password": "secret"}),
        ("82", {":method": "GET"}),
        ("828684418cf1e3c2e5f23a6ba0ab90f4ff", {":authority": "www.example.com"}),
        ("408825a849e95ba97d7f8925a849e95bb8e8b4bf", {"custom-key": "custom-value"}),
        ("20 82", {":method": "GET"}),  # after the size of the table
    ],
)
def test_examples(block: str, headers: dict[str, str]) -> None:
    assert headers.items() <= decode(bytes.fromhex(block)).items()


def test_a_known_header_takes_one_byte() -> None:
    assert encode([(":method", "POST"), (":scheme", "http")]) == b"\x83\x86"


def test_a_number_without_end_keeps_nothing_busy() -> None:
    with pytest.raises(ProtocolError, match="too long"):
        decode(b"\x0f" + 65_000 * b"\xff" + b"\0")


@pytest.mark.parametrize(
    "block", ["be", "80", "00", "0005616263", "7fffffffffff00", "000161", "3fe11f"]
)
def test_a_broken_block_is_an_error(block: str) -> None:
    with pytest.raises(ProtocolError):
        decode(bytes.fromhex(block))
