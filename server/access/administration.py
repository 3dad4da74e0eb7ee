"""Who may see the figures of the admin listener, and who may act there.

An act takes an operator's token in the ``Authorization`` header. A page of another origin cannot
send that header without a preflight request, and those are never answered; what names another
origin is rejected besides. Figures need no token from programs and pages on this machine, if
the listener is on loopback. A request that a proxy has forwarded, or that was made under another
name than this machine's (DNS rebinding), counts as one from elsewhere.
"""

from __future__ import annotations

from tornado.httputil import HTTPServerRequest

from server.access.addresses import TrustedProxies, is_loopback
from server.access.filewatcher import FileWatcher, stamp
from server.access.hosts import Hosts
from server.access.operators import Operators
from server.access.origins import Origins
from server.core.errors import ForbiddenOrigin, Unauthorized
from server.settings import Settings, WrongSetting

LOOPBACK = "127.0.0.1"
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


class AdminAccess:
    """The checks of an admin listener on ``host``. Raises WrongSetting.

    ``local``: only this machine can connect. ``watchers``: the files to reload when they change.
    """

    def __init__(self, settings: Settings, host: str) -> None:
        self.local = is_loopback(host)
        loaded = stamp([settings.admin_tokens])
        self._operators = Operators(settings.admin_tokens) if settings.admin_tokens else None
        if self._operators is None and not self.local:
            raise WrongSetting(f"admin: {host} is not a loopback address; set admin_tokens, too")
        operators = self._operators
        self.watchers = (
            [FileWatcher([operators.path], operators.reload, loaded)] if operators else []
        )
        self.proxies = TrustedProxies(settings.trusted_proxies)
        self._this_machine = Hosts("", local=True)
        self._own = Origins("")

    @property
    def has_operators(self) -> bool:
        """Whether anybody may act."""
        return self._operators is not None

    def address(self, request: HTTPServerRequest) -> str:
        """Return where a request comes from."""
        peer = request.remote_ip or ""
        return self.proxies.client(peer, request.protocol, request.headers).address

    def check_origin(self, request: HTTPServerRequest) -> None:
        """Accept programs, and pages of this listener. Raises ForbiddenOrigin."""
        origin = request.headers.get("Origin")
        scheme = self.proxies.client("", request.protocol, request.headers).scheme
        if origin and not self._own.allows(origin, request.host, scheme):
            raise ForbiddenOrigin(f"pages from {origin[:100]!r} may not use the admin listener")

    def operator(self, request: HTTPServerRequest) -> str:
        """Return whose token a request has. Raises Unauthorized."""
        if self._operators is None:
            raise Unauthorized("actions are disabled: admin_tokens is not set")
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Unauthorized("an admin token is required in the Authorization header")
        name = self._operators.name_of(token.strip())
        if name is None:
            raise Unauthorized("the admin token is not valid")
        return name

    def check_reader(self, request: HTTPServerRequest) -> None:
        """Accept who may see figures. Raises Unauthorized."""
        if not self._from_this_machine(request):
            self.operator(request)

    def _from_this_machine(self, request: HTTPServerRequest) -> bool:
        forwarded = any(name in request.headers for name in _FORWARDED)
        loopback = self.local and is_loopback(request.remote_ip or "")
        return loopback and not forwarded and self._this_machine.allows(request.host)


def address_of(settings: Settings) -> tuple[str, int]:
    """Return host and port of the setting ``admin``, which is not empty."""
    host, _, port = settings.admin.rpartition(":")
    return host.strip("[]") or LOOPBACK, int(port)
