"""The headers of every HTML page and its files."""

from __future__ import annotations

from tornado.web import RequestHandler

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


def set_page_headers(handler: RequestHandler) -> None:
    """Let a page load from this host only, and revalidate its files on each visit."""
    handler.set_header("Content-Security-Policy", _POLICY)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Referrer-Policy", "no-referrer")
    # Revalidated each time with a 304, so files of two releases are never mixed.
    handler.set_header("Cache-Control", "no-cache")
