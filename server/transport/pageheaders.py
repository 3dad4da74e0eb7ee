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
    """Let a page load from this host only, and have it revalidated on each visit."""
    handler.set_header("Content-Security-Policy", _POLICY)
    handler.set_header("X-Content-Type-Options", "nosniff")
    handler.set_header("Referrer-Policy", "no-referrer")
    # With a 304 if nothing has changed, so files of two releases are never mixed.
    handler.set_header("Cache-Control", "no-cache")


def set_permanent(handler: RequestHandler) -> None:
    """Let browsers and proxies keep what an address leads to: it never leads to anything else."""
    handler.set_header("Cache-Control", "public, max-age=31536000, immutable")
