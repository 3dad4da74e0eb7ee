"""HTTP requests that are valid, nearly valid, or damaged."""

from __future__ import annotations

import random

from loadtest import websocket
from loadtest.reliability.fuzzed_messages import damaged

_HOST = b"Host: 127.0.0.1\r\n"
_NAMES = (b"Content-Length", b"Transfer-Encoding", b"Content-Type", b"Origin", b"Authorization")
_ODD = (
    *(b"", b"0", b"-1", b"+5", b"5, 5", b"99999999999999999999", b"chunked", b"gzip"),
    *(b"multipart/form-data", b'multipart/form-data; boundary="', b"application/json"),
    *(b"null", b"https://*", b"Bearer ", b"Bearer a.b.c", b"\xff\xfe", b"a" * 9000),
)
_PATHS = (
    *(b"/", b"/healthz", b"/readyz", b"/metrics", b"/ws", b"/v1/login", b"/v1/infer"),
    *(b"/static/../server/app.py", b"/static/%2e%2e/x", b"/%00", b"//", b"*", b"/?" + b"q" * 3000),
    *(b"/v1/infer?model=%ff", b"/v1/infer?min_score=nan&max_results=-1", b"/v1/infer?version=x"),
)


class Requests:
    """Requests at random around one ``picture``, the same ones for the same ``dice``."""

    def __init__(self, dice: random.Random, picture: bytes) -> None:
        self._dice = dice
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(picture), picture)
        post = b"POST /v1/infer HTTP/1.1\r\n" + _HOST
        self._valid = (
            *(b"GET %b HTTP/1.1\r\n%b\r\n" % (path, _HOST) for path in _PATHS),
            websocket.handshake(),
            _with_body(post + b"Content-Type: image/jpeg\r\n", picture),
            _with_body(
                post + b"Content-Type: multipart/form-data; boundary=b\r\n",
                form + picture + b"\r\n--b--\r\n",
            ),
            post + b"Transfer-Encoding: chunked\r\n\r\n" + chunk,
            _with_body(b"POST /v1/login HTTP/1.1\r\n" + _HOST, b'{"code": "0123"}'),
            b"OPTIONS /v1/infer HTTP/1.1\r\nOrigin: https://a.example\r\n" + _HOST + b"\r\n",
        )

    def next(self) -> bytes:
        """Return the next request."""
        request = self._dice.choice(self._valid)
        what = self._dice.randrange(4)
        if what == 0:
            return request
        if what == 1:
            return damaged(self._dice, request)
        if what == 2:
            line, _, rest = request.partition(b"\r\n")
            name, value = self._dice.choice(_NAMES), self._dice.choice(_ODD)
            return b"%b\r\n%b: %b\r\n%b" % (line, name, value, rest)
        method, _, rest = request.partition(b" ")
        path, _, rest = rest.partition(b" ")
        method = self._dice.choice((method, b"HEAD", b"PUT", b"TRACE", b"GE T", b""))
        return b"%b %b %b" % (method, self._dice.choice((path, *_PATHS)), rest)


def _with_body(head: bytes, body: bytes) -> bytes:
    return b"%bContent-Length: %d\r\n\r\n%b" % (head, len(body), body)
