"""Every other URL: a 404 that says what the gateway serves, as HTML for browsers or as JSON."""

from __future__ import annotations

from tornado.escape import xhtml_escape
from tornado.web import RequestHandler

from server.handlers.assets import ROOT, content_of
from server.transport.jsonapi import send_json
from server.transport.pageheaders import set_page_headers

_ADDRESSES = (
    "GET / (the demo page), /docs (this API), /ws (WebSocket), POST /v1/infer, GET /v1/models, "
    "POST /v1/login, GET /healthz, /readyz, /metrics"
)
_PAGE = ROOT / "notfound.html"


class NotFoundHandler(RequestHandler):
    """Any method on a URL that no other handler serves."""

    def prepare(self) -> None:
        send_not_found(self)


def send_not_found(handler: RequestHandler) -> None:
    """End a request with 404."""
    path = handler.request.path[:200]
    handler.set_status(404)
    handler.set_header("Vary", "Accept")
    set_page_headers(handler)
    if _wants_page(handler):
        handler.set_header("Content-Type", "text/html; charset=UTF-8")
        handler.finish(_page(path))
        return
    message = f"there is nothing at {path!r}; this gateway serves {_ADDRESSES}"
    send_json(
        handler, {"type": "error", "code": "not_found", "message": message, "retryable": False}
    )


def _page(path: str) -> str:
    """Return the page, whose addresses are relative: a proxy may have put a prefix before them."""
    home = "../" * (path.count("/") - 1) or "./"
    page = content_of(str(_PAGE)).body.decode()
    page = page.replace('<base href="./">', f'<base href="{home}">')
    return page.replace("<code></code>", f"<code>{xhtml_escape(path)}</code>")


def _wants_page(handler: RequestHandler) -> bool:
    """Return whether a person asks: a browser, for something outside the API."""
    accepts_html = "text/html" in handler.request.headers.get("Accept", "").lower()
    return accepts_html and not handler.request.path.startswith("/v1/")
