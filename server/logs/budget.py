"""Lines of one kind are bounded, and what is omitted is counted.

A kind is the place in the code that logs, with its level. So names and messages that
clients choose do not make new kinds.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from server.core.logbudget import REPORT_S, LogBudget

log = logging.getLogger(__name__)

Kind = tuple[str, int, int]
"""File, line and level."""


class BudgetFilter(logging.Filter):
    """Omits lines beyond their kind's budget.

    Add it to handlers, not to loggers: a logger's filter does not see what its children log.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._budget: LogBudget[Kind] = LogBudget()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a line; one after omitted lines gets "(and 412 more)"."""
        if record.name == __name__ or getattr(record, "unbounded", False):  # its own reports, audit
            return True
        kind: Kind = (record.pathname, record.lineno, record.levelno)
        omitted = self._budget.admit(kind, self._clock())
        if omitted:
            fields = record.args if isinstance(record.args, Mapping) else {}
            record.__dict__["fields"] = {**fields, "omitted": omitted}
            record.msg = f"{record.getMessage()} (and {omitted} more)"
            record.args = None
        return omitted is not None

    def report(self) -> None:
        """Log how many lines were omitted of kinds that have fallen silent since."""
        for (path, line, level), omitted in self._budget.overdue(self._clock()):
            name = logging.getLevelName(level).lower()
            log.log(level, "%d more like the %s of %s:%d", omitted, name, path, line)

    async def keep_reporting(self) -> None:
        """Report for as long as the process runs."""
        while True:
            await asyncio.sleep(REPORT_S)
            self.report()
