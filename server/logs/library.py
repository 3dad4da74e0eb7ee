"""Lines of the web server's library about what clients send, in the gateway's words.

The library quotes its own and OpenSSL's names, without saying what would help. A client's mistake
is no warning: anyone can make as many as they like.
"""

from __future__ import annotations

import logging
import re

_LIBRARY = "tornado.general"
_HANDSHAKE = "SSL Error on %s %s: %s"
_TOO_LONG = re.compile(r"Unsatisfiable read, .* not found within (\d+) bytes")
_SPEAKS_HTTP = "HTTP_REQUEST"
_NO_END = "a request is not answered: its head, or a chunk's first line, exceeds %(most)d bytes"


class LibraryFilter(logging.Filter):
    """Rewrites the lines that it knows; all others pass as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is still of a level that is logged."""
        if record.name != _LIBRARY:
            return True
        if record.msg == _HANDSHAKE and isinstance(record.args, tuple):
            _, peer, error = record.args
            address = peer[0] if isinstance(peer, tuple) else peer
            name = getattr(error, "reason", None) or type(error).__name__
            return _rewrite(record, _handshake(name), {"address": address, "reason": name})
        if too_long := _TOO_LONG.match(str(record.msg)):
            return _rewrite(record, _NO_END, {"most": int(too_long[1])})
        return True


def _handshake(name: str) -> str:
    if name == _SPEAKS_HTTP:
        return "%(address)s speaks HTTP, and this gateway TLS: use https:// and wss://"
    return "%(address)s opened no TLS connection: %(reason)s"


def _rewrite(record: logging.LogRecord, words: str, fields: dict[str, object]) -> bool:
    record.msg, record.args = words, fields
    record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
    return logging.getLogger().isEnabledFor(logging.INFO)
