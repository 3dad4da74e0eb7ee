"""The shell of HTML reports: pages that need nothing else, for the load test and for releases."""

from __future__ import annotations

from framewire.reports.page import page, section, tiles

__all__ = ["page", "section", "tiles"]
