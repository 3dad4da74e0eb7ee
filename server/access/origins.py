"""Which pages may connect.

A browser says in ``Origin`` whose page asks. A client that is no browser sends none,
or any that it likes: this keeps foreign pages out of a user's browser, and nobody else.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

PRESETS = {
    # Mini-programs, and mini-games on iOS.
    "wechat": ("https://servicewechat.com", "weapp://wechat-game-runtime"),
}


class Origins:
    """The origins that the setting ``allowed_origins`` names, and this host's own."""

    def __init__(self, text: str) -> None:
        words = [one.strip() for one in text.split(",") if one.strip()]
        self.all = "*" in words
        self._exact = {each for word in words for each in PRESETS.get(word, (word,))}
        self._patterns = [_pattern(word) for word in words if "://*." in word]

    def allows(self, origin: str, host: str, scheme: str | None) -> bool:
        """Whether pages of ``origin`` may ask ``host``, reached by ``scheme`` (None: unknown)."""
        if not origin or not _is_origin(origin):
            return False
        return (
            self.all
            or origin in self._exact
            or any(pattern.fullmatch(origin) for pattern in self._patterns)
            or _is_own(origin, host, scheme)
        )


def _is_origin(origin: str) -> bool:
    try:
        return origin == "null" or urlsplit(origin).netloc != ""
    except ValueError:
        return False


def _is_own(origin: str, host: str, scheme: str | None) -> bool:
    found = urlsplit(origin)
    same_host = found.netloc.lower() == host.lower() != ""
    return same_host and (scheme is None or found.scheme == scheme)


def _pattern(word: str) -> re.Pattern[str]:
    """``https://*.example.com``: every sub-domain, however deep, but not the domain itself."""
    scheme, _, domain = word.partition("*.")
    return re.compile(rf"{re.escape(scheme)}([a-z0-9_-]+\.)+{re.escape(domain)}", re.IGNORECASE)
