"""/ and /static: the demo page, which loads nothing from any other address."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

from tornado.web import HTTPError, RequestHandler, StaticFileHandler

# In a checkout this is a link to the folder at its top.
ROOT = Path(__file__).resolve().parents[1] / "static"

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "worker-src 'self'",
        "connect-src 'self' ws: wss:",
        "style-src 'self'",
        "frame-ancestors 'self'",
    )
)


def _protect(handler: RequestHandler) -> None:
    handler.set_header("Content-Security-Policy", _POLICY)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Referrer-Policy", "no-referrer")
    # Asked for again each time, answered 304: a new version is never mixed with an old one.
    handler.set_header("Cache-Control", "no-cache")


class FileHandler(StaticFileHandler):
    """A file of ``static/``, with the headers that keep the page to this server."""

    def set_extra_headers(self, path: str) -> None:
        _protect(self)

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Where a file is. Raises HTTPError for names that no file here has.

        Tornado logs the names that it refuses: a line break in one would forge a line.
        """
        if not path.isprintable():
            raise HTTPError(404)
        return super().get_absolute_path(root, path)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        _protect(self)
        self.set_header("Content-Type", "text/plain; charset=UTF-8")
        self.finish(f"{status_code}: {HTTPStatus(status_code).phrase}\n")
