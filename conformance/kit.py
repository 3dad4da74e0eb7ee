"""The kit's messages and cases, and how what happens is compared with them."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Message = dict[str, Any]
KIT = Path(__file__).with_name("kit.json")


@dataclass(frozen=True, slots=True)
class Case:
    """One rule of the protocol, and the steps that show whether a client keeps it."""

    name: str
    rule: str
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Kit:
    """``messages`` are templates by name, ``picture`` is a JPEG."""

    picture: bytes
    messages: Mapping[str, Message]
    codec: Sequence[Mapping[str, Any]]
    cases: Sequence[Case]

    def message(self, fields: Message) -> Message:
        """Return a message; ``like`` names the template that it completes."""
        rest = {name: value for name, value in fields.items() if name != "like"}
        return {**self.messages[fields["like"]], **rest} if "like" in fields else rest


@cache
def load() -> Kit:
    """Return the kit."""
    content = json.loads(KIT.read_text(encoding="utf-8"))
    return Kit(
        base64.b64decode(content["picture"]),
        content["messages"],
        content["codec"],
        [Case(case["name"], case["rule"], case["steps"]) for case in content["cases"]],
    )


def matches(pattern: Any, value: Any) -> bool:
    """Return whether a value has what a pattern has; maps may have more."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and matches(part, value[name]) for name, part in pattern.items()
        )
    if isinstance(pattern, list):
        return (
            isinstance(value, list)
            and len(value) == len(pattern)
            and all(map(matches, pattern, value))
        )
    if isinstance(pattern, float) and isinstance(value, int | float):
        return math.isclose(pattern, value, abs_tol=1e-5)
    return bool(pattern == value)
