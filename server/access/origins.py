"""Which pages may connect.

A browser says in ``Origin`` whose page asks. A client that is no browser sends none,
or any that it likes: this keeps foreign pages out of a user's browser, and nobody else.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from server.settings import WrongSetting

_DEFAULT_PORTS = {"http": 80, "https": 443}

PRESETS = {
    # Mini-programs, and mini-games on iOS.
    "wechat": ("https://servicewechat.com", "weapp://wechat-game-runtime"),
}


class Origins:
    """The origins that the setting ``allowed_origins`` names, and this host's own.

    Raises WrongSetting for words that are no origins.
    """

    def __init__(self, text: str) -> None:
        words = [_word(one.strip()) for one in text.split(",") if one.strip()]
        self.all = "*" in words
        self._exact = {each for word in words for each in PRESETS.get(word, (word,))}
        self._patterns = [_pattern(word) for word in words if "://*." in word]

    def allows(self, origin: str, host: str, scheme: str | None) -> bool:
        """Whether pages of ``origin`` may ask ``host``, reached by ``scheme`` (None: unknown)."""
        found = _canonical(origin)
        if found is None:
            return False
        return (
            self.all
            or found in self._exact
            or any(pattern.fullmatch(found) for pattern in self._patterns)
            or _is_own(found, host, scheme)
        )


def _canonical(origin: str) -> str | None:
    """An origin as browsers write it: small letters, punycode, no default port. None: it is none.

    Paths, user names, white space and whatever else an origin cannot have make it none.
    """
    if origin == "null":
        return origin
    try:
        parts = urlsplit(origin)
        port, host = parts.port, parts.hostname or ""
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError:
        return None
    whole = f"{parts.scheme}://{parts.netloc}"
    if not host or "@" in parts.netloc or whole.lower() != origin.lower():
        return None
    name = f"[{host}]" if ":" in host else host
    shown = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{name}{shown}"


def _word(word: str) -> str:
    """A word of the setting, an origin as browsers write it."""
    found = word if word == "*" or word in PRESETS else _canonical(word)
    if found is None:
        raise WrongSetting(f"allowed_origins: {word[:80]!r} is no SCHEME://HOST[:PORT]")
    return found


def _is_own(origin: str, host: str, scheme: str | None) -> bool:
    found = urlsplit(origin).scheme
    return _canonical(f"{found}://{host}") == origin and (scheme is None or found == scheme)


def _pattern(word: str) -> re.Pattern[str]:
    """``https://*.example.com``: every sub-domain, however deep, but not the domain itself."""
    scheme, _, domain = word.partition("*.")
    return re.compile(rf"{re.escape(scheme)}([a-z0-9_-]+\.)+{re.escape(domain)}")
