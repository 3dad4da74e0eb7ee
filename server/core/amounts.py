"""Amounts of things in the sentences that people read."""

from __future__ import annotations


def amount(count: int, thing: str) -> str:
    """Return ``1 frame`` or ``2 frames``. The plural of ``thing`` must end in s."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
