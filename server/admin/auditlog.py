"""One line of the log for each act of an operator, and for each that was refused.

The lines have a logger of their own, so that they are written whatever ``log_level`` is. Those of
operators are never omitted; those that anybody can cause are bounded like all others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger("server.audit")
log.setLevel(logging.INFO)


def carried_out(
    operator: str, address: str, act: str, details: Mapping[str, Any], outcome: str
) -> None:
    """Log an act of an operator, and its outcome."""
    fields = {"operator": operator, "address": address, "act": act, "outcome": outcome}
    log.info(
        "%(operator)s from %(address)s: %(act)s %(details)s: %(outcome)s",
        {**fields, "details": _text(details)},
        extra={"unbounded": True},
    )


def refused(address: str, act: str, reason: str) -> None:
    """Log an act that nobody was allowed to do."""
    fields = {"address": address, "act": act, "reason": reason}
    log.warning("%(act)s from %(address)s refused: %(reason)s", fields)


def _text(details: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in details.items()) or "-"
