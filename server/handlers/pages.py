"""/, /static and /docs: pages that load nothing from other hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tornado.web import HTTPError, RedirectHandler, StaticFileHandler

from server.handlers.notfound import send_not_found
from server.transport.jsonapi import ReadOnlyHandler, send_http_error
from server.transport.pageheaders import set_page_headers

# In a checkout, a link to the top-level folder.
ROOT = Path(__file__).resolve().parents[1] / "static"
DOCS = ROOT / "docs"
DASHBOARD = ROOT / "dashboard"

# Links are looked for in each part of a path, which takes milliseconds for thousands of them.
LONGEST_PATH = 255


class ShortcutHandler(RedirectHandler, ReadOnlyHandler):
    """A short address, which leads to that of a page."""

    head = RedirectHandler.get


class FileHandler(StaticFileHandler):
    """A file in ``static/``, with the headers that confine the page to this host."""

    def set_extra_headers(self, path: str) -> None:
        set_page_headers(self)

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Return the path of a file. Raises HTTPError if no file can have that name.

        Tornado logs the names that it rejects, and a line break in one would forge a log line.
        """
        if len(path) > LONGEST_PATH or not path.isprintable():
            raise HTTPError(404)
        return super().get_absolute_path(root, path)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        if status_code == 404:
            send_not_found(self)
            return
        set_page_headers(self)
        expected = "only single files are served" if status_code == 403 else "use GET"
        send_http_error(self, status_code, expected, "GET, HEAD")
