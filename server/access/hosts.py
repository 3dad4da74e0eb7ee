"""Under which names the gateway serves its own pages.

The pages of whatever name the client used count as the gateway's own. An attacker can let
a name of theirs resolve to this machine after a browser has loaded their page (DNS
rebinding), and their page would then be one of those. So a gateway that only this machine
can reach knows only this machine's names, unless ``allowed_hosts`` lists others.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from server.access.addresses import is_loopback


class Hosts:
    """The names in the setting ``allowed_hosts``; ``*``: all.

    ``local``: whether the gateway listens on loopback, with no proxy in front.
    """

    def __init__(self, text: str, local: bool) -> None:
        self._names = {_name(word.strip()) for word in text.split(",") if word.strip()}
        self._all = "*" in self._names or (not self._names and not local)
        self._local = local

    def allows(self, host: str) -> bool:
        """Return whether a Host header, with or without a port, has one of the names."""
        name = _name(host)
        if self._all or name in self._names:
            return True
        return self._local and (is_loopback(name) or name.endswith(".localhost"))


def _name(host: str) -> str:
    """Return a host without its port, in lower case; empty for what is not a host."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
