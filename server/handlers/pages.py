"""/, /static and /docs: pages that load nothing from other hosts."""

from __future__ import annotations

from typing import Any

from tornado.web import HTTPError, RedirectHandler, StaticFileHandler

from server.handlers.assets import FINGERPRINT, ROOT, content_of, within_root
from server.handlers.notfound import send_not_found
from server.transport.compression import Content, accepts_gzip
from server.transport.fingerprint import split
from server.transport.jsonapi import ReadOnlyHandler, send_http_error
from server.transport.pageheaders import set_page_headers, set_permanent

DOCS = ROOT / "docs"
DASHBOARD = ROOT / "dashboard"

# Links are looked for in each part of a path, which takes milliseconds for thousands of them.
LONGEST_PATH = 255


class ShortcutHandler(RedirectHandler, ReadOnlyHandler):
    """A short address, which leads to that of a page."""

    head = RedirectHandler.get


class FileHandler(StaticFileHandler):
    """A page, or a file beside it, compressed if that is a gain and the client accepts it.

    A page loads its files from below the fingerprint of ``static/``. Its headers confine it to this
    host. A part of a file is never compressed, so that parts with one tag belong together.
    """

    _content: Content
    _is_packed = False  # whether the compressed form is sent

    def set_headers(self) -> None:
        """Choose what is sent before its headers are made."""
        assert self.absolute_path is not None
        self._content = content_of(self.absolute_path)
        self._drop_outdated_range()
        if self._content.compressed is not None:
            self.set_header("Vary", "Accept-Encoding")
            accepted = accepts_gzip(self.request.headers.get("Accept-Encoding", ""))
            if accepted and "Range" not in self.request.headers:
                self._is_packed = True
                self.set_header("Content-Encoding", "gzip")
        super().set_headers()

    def set_extra_headers(self, path: str) -> None:
        set_page_headers(self)

    def get_modified_time(self) -> None:
        """Return no time. A page changes with its files, and an update may bring older ones."""

    def should_return_304(self) -> bool:
        """Return whether the client has what would be sent."""
        return "If-None-Match" in self.request.headers and self.check_etag_header()

    def compute_etag(self) -> str | None:
        """Return the tag of what is sent: a file and its compressed form differ."""
        return self._tag("-gzip" if self._is_packed else "")

    def get_content_size(self) -> int:
        """Return the number of bytes that are sent."""
        return len(self._sent())

    def get_content(  # type: ignore[override]
        self, abspath: str, start: int | None = None, end: int | None = None
    ) -> bytes:
        """Return what is sent."""
        return self._sent()[start:end]

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

    def _sent(self) -> bytes:
        packed = self._content.compressed if self._is_packed else None
        return self._content.body if packed is None else packed

    def _tag(self, form: str) -> str:
        return f'"{self._content.version}{form}"'

    def _drop_outdated_range(self) -> None:
        """Send the whole file to a client that has a part of another one (RFC 9110, 13.1.5)."""
        condition = self.request.headers.get("If-Range")
        if condition is not None and condition != self._tag(""):
            self.request.headers.pop("Range", None)


class StaticHandler(FileHandler):
    """A file of ``static/``, which a browser keeps if its address has the current fingerprint.

    With another one, as in pages that were opened before an update, it is the file as it is now.
    A module without one leads to that with the current one, so that what it imports is kept.
    """

    _name: str | None = None

    def parse_url_path(self, url_path: str) -> str:
        """Return the path of the file."""
        self._name, path = split(url_path)
        return super().parse_url_path(path)

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Return the path of the file, or None for a module without a fingerprint."""
        path = super().validate_absolute_path(root, absolute_path)
        if path is None or self._name is not None or not path.endswith(".js"):
            return path
        file = within_root(path)
        set_page_headers(self)
        # Relative, because a proxy may have put a prefix before it.
        self.redirect(f"{'../' * file.count('/')}{FINGERPRINT.name()}/{file}")
        return None

    def set_extra_headers(self, path: str) -> None:
        super().set_extra_headers(path)
        assert self.absolute_path is not None
        file, version = within_root(self.absolute_path), self._content.version
        if self._name is not None and FINGERPRINT.holds(self._name, file, version):
            set_permanent(self)
