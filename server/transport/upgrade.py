"""Why a request cannot be upgraded to a WebSocket (RFC 6455, section 4.2)."""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from server.core.errors import BadMessage, UpgradeRequired

_NGINX = (
    "in nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    'proxy_set_header Connection "upgrade";'
)


def check_upgrade(request: HTTPServerRequest) -> None:
    """Check that a request asks for version 13 of the protocol. Raises UpgradeRequired."""
    headers = request.headers
    connection = [option.strip().lower() for option in headers.get("Connection", "").split(",")]
    if request.version == "HTTP/1.0":
        reason = f"a WebSocket needs HTTP/1.1, and this request came as HTTP/1.0; {_NGINX}"
    elif headers.get("Upgrade", "").strip().lower() != "websocket":
        reason = f"/ws is a WebSocket, and this request has no Upgrade: websocket; {_NGINX}"
    elif "upgrade" not in connection:
        reason = f"/ws is a WebSocket, and this request has no Connection: Upgrade; {_NGINX}"
    elif headers.get("Sec-WebSocket-Version", "").strip() != "13":
        reason = "only version 13 of the WebSocket protocol is supported"
    else:
        return
    raise UpgradeRequired(reason)


def check_key(request: HTTPServerRequest) -> None:
    """Check that a handshake has a key, which the answer repeats. Raises BadMessage."""
    if not request.headers.get("Sec-WebSocket-Key", "").strip():
        raise BadMessage("the handshake has no Sec-WebSocket-Key")
