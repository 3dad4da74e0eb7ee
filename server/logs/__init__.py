"""The gateway's log: one event a line, as text or JSON, and a bound on lines of one kind."""

from __future__ import annotations

import logging

from server.logs.budget import BudgetFilter
from server.logs.formats import FORMATS
from server.logs.library import LibraryFilter


def configure(level: str, line_format: str, worker: int | None = None) -> BudgetFilter:
    """Send the log to stderr, from ``level`` on. Returns the filter, whose reports are due.

    ``worker``: the number of this process, which each line has; None: it is the only one.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(FORMATS[line_format](worker))
    budget = BudgetFilter()
    handler.addFilter(LibraryFilter())
    handler.addFilter(budget)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    return budget
