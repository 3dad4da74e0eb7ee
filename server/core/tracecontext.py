"""W3C trace contexts: which trace a client's frames belong to.

A ``traceparent`` names a trace, the span above, and whether that is sampled. An invalid one is
ignored, as the recommendation wants it (https://www.w3.org/TR/trace-context/).
"""

from __future__ import annotations

import re
from typing import NamedTuple

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,200})?")


class TraceContext(NamedTuple):
    """A span of another program: its trace, its id, and whether it is sampled."""

    trace_id: int
    span_id: int
    sampled: bool


def parse(traceparent: object) -> TraceContext | None:
    """Return what a ``traceparent`` says, or None if it is invalid."""
    match = _FORM.fullmatch(traceparent) if isinstance(traceparent, str) else None
    # Later versions may add fields; ff is none.
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    trace_id, span_id = int(match[2], 16), int(match[3], 16)
    if not trace_id or not span_id:
        return None
    return TraceContext(trace_id, span_id, bool(int(match[4], 16) & 1))
