"""W3C trace contexts: which are valid, and what they say."""

from __future__ import annotations

import pytest

from server.core.messages import Frame, Hello
from server.core.tracecontext import TraceContext, parse
from server.core.wire import JSON, decode
from tests.server.samples import LIMITS, frame_fields, packed

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CONTEXT = TraceContext(int(TRACE, 16), int(SPAN, 16), True)


@pytest.mark.parametrize("flags", ["01", "03", "ff"])
def test_a_sampled_context(flags: str) -> None:
    assert parse(f"00-{TRACE}-{SPAN}-{flags}") == CONTEXT


@pytest.mark.parametrize("flags", ["00", "02"])
def test_a_context_that_is_not_sampled(flags: str) -> None:
    assert parse(f"00-{TRACE}-{SPAN}-{flags}") == CONTEXT._replace(sampled=False)


def test_later_versions_may_say_more() -> None:
    assert parse(f"01-{TRACE}-{SPAN}-01-what-comes") == CONTEXT
    assert parse(f"cc-{TRACE}-{SPAN}-01") == CONTEXT


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        b"00",
        "",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"01-{TRACE}-{SPAN}-01-{'x' * 1000}",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_invalid_is_ignored(value: object) -> None:
    assert parse(value) is None


def test_frames_and_sessions_bring_theirs() -> None:
    sent = f"00-{TRACE}-{SPAN}-01"
    frame = decode(packed(JSON, frame_fields(traceparent=sent)), JSON, LIMITS)
    assert isinstance(frame, Frame)
    assert frame.traceparent == CONTEXT
    hello = decode(packed(JSON, {"type": "hello", "traceparent": sent}), JSON, LIMITS)
    assert isinstance(hello, Hello)
    assert hello.options.traceparent == CONTEXT


def test_an_invalid_one_costs_no_frame() -> None:
    frame = decode(packed(JSON, frame_fields(traceparent="nonsense")), JSON, LIMITS)
    assert isinstance(frame, Frame)
    assert frame.traceparent is None
