"""What a message costs that is swollen on purpose."""

from __future__ import annotations

import time

import pytest

from server.core import wire
from server.core.errors import BadMessage
from server.core.messages import Hello
from server.core.wire import JSON, Encoding
from server.transport.encodings import MSGPACK
from tests.server.core.refusals import refused
from tests.server.samples import LIMITS

# The largest message that a socket lets through is about so large.
_LARGEST = 4 * 2**20


def _header(kind: int, count: int) -> bytes:
    return bytes([kind]) + count.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("payload", "encoding"),
    [
        (_header(0xDD, _LARGEST - 5) + b"\x90" * (_LARGEST - 5), MSGPACK),
        ((_header(0xDD, 1024) + b"\x90" * 1023) * 4096, MSGPACK),
        (_header(0xDD, _LARGEST - 9000) * 800 + bytes(_LARGEST - 4000), MSGPACK),
        (_header(0xDF, 600_000) + b"\xa1a\x80" * 600_000, MSGPACK),
        (_header(0xDF, 600_000) + b"".join(b"\xa5%05x\x01" % n for n in range(600_000)), MSGPACK),
        ("[" + "[]," * (_LARGEST // 3) + "[]]", JSON),
        ('{"a":' * (_LARGEST // 5), JSON),
        ("[" + "1," * (_LARGEST // 2) + "1]", JSON),
        ("[" + ("9" * 4000 + ",") * 1000 + "9]", JSON),
    ],
    ids=[
        "arrays",
        "nested-arrays",
        "reserve",
        "maps",
        "keys",
        "json-arrays",
        "json-maps",
        "commas",
        "9s",
    ],
)
def test_swollen_messages_are_refused_for_little(payload: bytes | str, encoding: Encoding) -> None:
    # Read to the end, each of them costs 0.1 to 1 s; refused, at most a few milliseconds. The
    # least of five counts, because another process on the same core costs time as well.
    assert min(cost_s(payload, encoding) for _ in range(5)) < 0.05


_SHARES = [0.123456789, 0.987654321]


@pytest.mark.parametrize("encoding", [MSGPACK, JSON], ids=["msgpack", "json"])
def test_the_largest_real_message_is_taken(encoding: Encoding) -> None:
    zones = {f"zone {n}": [[n / 40, k / 40] for k in range(32)] for n in range(16)}
    lines = {f"line {n}": [_SHARES, [0.0, 1.0]] for n in range(16)}
    hello = {"type": "hello", "zones": zones, "lines": lines, "track": {"lost_ms": 1000}}
    message = wire.decode(encoding.pack(hello), encoding, LIMITS)
    assert isinstance(message, Hello)
    assert message.options.zones is not None
    assert len(message.options.zones) == 16


def _deep(inner: bytes, around: bytes) -> bytes:
    for _ in range(900):
        inner = around + inner
    return inner


@pytest.mark.parametrize(
    ("payload", "encoding"),
    [
        (_header(0xDD, 20) + (_header(0xDD, 120) + b"\x01" * 120) * 20, MSGPACK),
        (_header(0xDD, 129) + b"\x01" * 129, MSGPACK),
        (_deep(b"\x01", _header(0xDD, 100) + b"\x01" * 99), MSGPACK),
        ("[" + "1," * 2049 + "1]", JSON),
    ],
    ids=["in all", "in one", "nested", "json"],
)
def test_items_are_counted(payload: bytes | str, encoding: Encoding) -> None:
    with pytest.raises(ValueError, match=r"too many|has more than"):
        encoding.unpack(payload)


def cost_s(payload: bytes | str, encoding: Encoding) -> float:
    """Return the processor time of refusing a message."""
    started = time.thread_time()  # others' threads may be left in this process
    assert type(refused(payload, encoding).error) is BadMessage
    return time.thread_time() - started
