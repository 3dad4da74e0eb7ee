"""/, /static and /docs: pages that load nothing from other hosts."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

from tornado.web import HTTPError, RedirectHandler, StaticFileHandler

from server.handlers.notfound import send_not_found
from server.transport.compression import Contents, accepts_gzip
from server.transport.jsonapi import ReadOnlyHandler, send_http_error
from server.transport.pageheaders import set_page_headers

# In a checkout, a link to the top-level folder.
ROOT = Path(__file__).resolve().parents[1] / "static"
DOCS = ROOT / "docs"
DASHBOARD = ROOT / "dashboard"

# Links are looked for in each part of a path, which takes milliseconds for thousands of them.
LONGEST_PATH = 255

# All of static/, compressed, is a tenth of this.
_CONTENTS = Contents(limit_bytes=4 * 1024 * 1024)


class ShortcutHandler(RedirectHandler, ReadOnlyHandler):
    """A short address, which leads to that of a page."""

    head = RedirectHandler.get


class FileHandler(StaticFileHandler):
    """A file in ``static/``, compressed if that is a gain and the client accepts it.

    Its headers confine the page to this host. A part of a file is never compressed, so that parts
    with one tag belong together.
    """

    _version: str | None = None
    _compressed: bytes | None = None  # what is sent, unless it is the file itself

    def set_headers(self) -> None:
        """Choose what is sent before its headers are made."""
        assert self.absolute_path is not None
        content = _CONTENTS.of(self.absolute_path)
        self._version = content.version
        self._drop_outdated_range()
        if content.compressed is not None:
            self.set_header("Vary", "Accept-Encoding")
            accepted = accepts_gzip(self.request.headers.get("Accept-Encoding", ""))
            if accepted and "Range" not in self.request.headers:
                self._compressed = content.compressed
                self.set_header("Content-Encoding", "gzip")
        super().set_headers()

    def set_extra_headers(self, path: str) -> None:
        set_page_headers(self)

    def compute_etag(self) -> str | None:
        """Return the tag of what is sent: a file and its compressed form differ."""
        return self._tag("" if self._compressed is None else "-gzip")

    def get_content_size(self) -> int:
        """Return the number of bytes that are sent."""
        return super().get_content_size() if self._compressed is None else len(self._compressed)

    def get_content(  # type: ignore[override]
        self, abspath: str, start: int | None = None, end: int | None = None
    ) -> Generator[bytes, None, None]:
        """Yield what is sent."""
        if self._compressed is not None:
            yield self._compressed
        else:
            yield from super().get_content(abspath, start, end)

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

    def _tag(self, form: str) -> str:
        return f'"{self._version}{form}"'

    def _drop_outdated_range(self) -> None:
        """Send the whole file to a client that has a part of another one (RFC 9110, 13.1.5)."""
        condition = self.request.headers.get("If-Range")
        if condition is not None and condition != self._tag(""):
            self.request.headers.pop("Range", None)
