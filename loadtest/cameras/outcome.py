"""What a gateway says about a frame. Pure."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtest.cameras.recording import MOST_FRAMES_PER_CALL, RESULT

KINDS = ("result", "dropped", "error")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An outcome: ``result``, or its kind with the reason of a drop or the code of an error.

    ``explanation`` is what the gateway says to people. The other fields are those of a result:
    ``batch`` and the durations concern its Predict call, and ``boxes`` has for each box that went
    to a second model ``answered``, or why it was not.
    """

    name: str
    explanation: str | None = None
    batch: int = 0
    queue_ms: float = math.nan
    inference_ms: float = math.nan
    boxes: Sequence[str] = ()


def read(message: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a message brings.

    Raises KeyError, TypeError, ValueError or AttributeError if a field is missing or wrong.
    """
    if message["type"] == RESULT:
        return _result(message)
    detail = message["reason"] if message["type"] == "dropped" else message["code"]
    said = message.get("message")
    return Outcome(f"{message['type']} {detail}", None if said is None else str(said))


def _result(message: Mapping[str, Any]) -> Outcome:
    timing, batch = message["timing_ms"], operator.index(message["batch"])
    if not 0 <= batch <= MOST_FRAMES_PER_CALL:
        raise ValueError(f"a batch of {batch} frames")
    answers = (message.get("then") or {}).get("answers", ())
    return Outcome(
        RESULT,
        None,
        batch,
        float(timing["queue"]),
        float(timing["inference"]),
        [str(one.get("missing", "answered")) for one in answers if one is not None],
    )
