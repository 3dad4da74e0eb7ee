"""Which web pages may connect.

A browser names the page's origin in ``Origin``. Other clients send none, or any they
like: this check protects a browser's user from foreign pages, and authenticates nobody.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from server.settings import WrongSetting

_DEFAULT_PORTS = {"http": 80, "https": 443}
# A host name has 253 characters at most. Long ones take a tenth of a second to convert to punycode.
_LONGEST_ORIGIN = 300

PRESETS = {
    # Mini-programs, and mini-games on iOS.
    "wechat": ("https://servicewechat.com", "weapp://wechat-game-runtime"),
}


class Origins:
    """The origins in the setting ``allowed_origins``, and the gateway's own.

    Raises WrongSetting for entries that are not origins.
    """

    def __init__(self, text: str) -> None:
        entries = [_entry(word.strip()) for word in text.split(",") if word.strip()]
        self.all = "*" in entries
        self._exact = {origin for entry in entries for origin in PRESETS.get(entry, (entry,))}
        self._patterns = [_pattern(entry) for entry in entries if "://*." in entry]

    def allows(self, origin: str, host: str, scheme: str | None) -> bool:
        """Return whether pages of ``origin`` may connect.

        ``host`` and ``scheme`` are how the client reached the gateway; None: unknown.
        """
        canonical = _canonical(origin)
        if canonical is None:
            return False
        return (
            self.all
            or canonical in self._exact
            or any(pattern.fullmatch(canonical) for pattern in self._patterns)
            or _is_own(canonical, host, scheme)
        )


def _canonical(origin: str) -> str | None:
    """Return an origin as browsers write it: lower case, punycode, no default port.

    Returns None for what is not an origin, such as a URL with a path, a user name or spaces.
    """
    if origin == "null":
        return origin
    if len(origin) > _LONGEST_ORIGIN:
        return None
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
    suffix = "" if port in (None, _DEFAULT_PORTS.get(parts.scheme)) else f":{port}"
    return f"{parts.scheme}://{name}{suffix}"


def _entry(word: str) -> str:
    """Return one entry of the setting, an origin in canonical form."""
    entry = word if word == "*" or word in PRESETS else _canonical(word)
    if entry is None:
        raise WrongSetting(f"allowed_origins: {word[:80]!r} is not SCHEME://HOST[:PORT]")
    return entry


def _is_own(origin: str, host: str, scheme: str | None) -> bool:
    origin_scheme = urlsplit(origin).scheme
    same_host = _canonical(f"{origin_scheme}://{host}") == origin
    return same_host and (scheme is None or origin_scheme == scheme)


def _pattern(entry: str) -> re.Pattern[str]:
    """Return what matches subdomains at any depth of ``https://*.DOMAIN``, but not DOMAIN."""
    scheme, _, domain = entry.partition("*.")
    return re.compile(rf"{re.escape(scheme)}([a-z0-9_-]+\.)+{re.escape(domain)}")
