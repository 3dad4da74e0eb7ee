"""Access control: every check that decides who may use the gateway, built from the settings."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tornado.httputil import HTTPServerRequest

from framewire import textfile
from server.access.addresses import THIS_MACHINE, Client, TrustedProxies, is_loopback, network
from server.access.filewatcher import FileWatcher, stamp
from server.access.hosts import Hosts
from server.access.origins import Origins
from server.core.bucket import BucketTable
from server.core.errors import ForbiddenOrigin, Overloaded, Unauthorized
from server.core.limiters import Limiters
from server.settings import Settings, WrongSetting, reason

if TYPE_CHECKING:
    # Imported only when a setting needs them, because they cost memory and startup time.
    from server.access.tls import TLS
    from server.access.tokens import Tokens
    from server.access.wechat import WeChat

# All sessions of an address may reconnect at once, as after a restart, and as often as this.
HANDSHAKE_REFILL_S = 10.0


@dataclass
class AccessControl:
    """All access checks of one gateway.

    ``tls``: None if TLS is off. ``tokens``: None if no token is required. ``wechat``: None if
    there is no login. ``handshakes``: the handshakes of each address; None: unlimited.
    ``watchers``: the files to reload when they change. ``on_rejection``:
    called with the path and the error code of each rejected request.
    """

    origins: Origins
    proxies: TrustedProxies
    hosts: Hosts
    tls: TLS | None = None
    tokens: Tokens | None = None
    wechat: WeChat | None = None
    handshakes: BucketTable | None = None
    watchers: list[FileWatcher] = field(default_factory=list)
    on_rejection: Callable[[str, str], None] = lambda path, code: None

    @classmethod
    def from_settings(cls, settings: Settings, limiters: Limiters | None = None) -> AccessControl:
        """Build the checks that the settings ask for. Raises WrongSetting."""
        local = is_loopback(settings.host) and not settings.trusted_proxies
        access = cls(
            Origins(settings.allowed_origins),
            TrustedProxies(settings.trusted_proxies),
            Hosts(settings.allowed_hosts, local),
        )
        sessions = settings.max_sessions_per_address
        if sessions:
            per_s = sessions / HANDSHAKE_REFILL_S
            access.handshakes = (limiters or Limiters()).buckets("handshakes", per_s, sessions)
        if settings.tls_certificate or settings.tls_key:
            loaded = stamp([settings.tls_certificate, settings.tls_key])
            access.tls = _tls(settings)
            access.watchers.append(FileWatcher(access.tls.paths, access.tls.reload, loaded))
        if settings.token_keys:
            paths = [settings.token_keys]
            loaded = stamp(paths)
            access.tokens = _tokens(settings)
            access.watchers.append(FileWatcher(paths, access.tokens.reload, loaded))
        if settings.wechat_appid:
            access.wechat = _wechat(settings, access)
        return access

    def client(self, request: HTTPServerRequest) -> Client:
        """Return the client's address and scheme as seen by the outermost trusted proxy."""
        return self.proxies.client(request.remote_ip or "", request.protocol, request.headers)

    def limited(self, request: HTTPServerRequest) -> str | None:
        """Return what the limits by address count a client by.

        None: no limit applies, because the client is on this machine.
        """
        address = self.client(request).address
        return None if address in THIS_MACHINE else network(address)

    def check_handshake_rate(self, address: str | None, now: float) -> None:
        """Count a handshake of an address, as ``limited`` returns it. Raises Overloaded."""
        handshakes = self.handshakes
        if handshakes is None or address is None or handshakes.allows(address, now):
            return
        error = Overloaded("too many handshakes from this address; try again later")
        error.retry_after_s = math.ceil(handshakes.wait_s(address, now))
        raise error

    def close(self) -> None:
        """Close open connections."""
        if self.wechat is not None:
            self.wechat.close()

    def check_origin(self, request: HTTPServerRequest) -> str | None:
        """Return the page's origin; None if no page is asking. Raises ForbiddenOrigin."""
        origin = request.headers.get("Origin")
        if not origin:  # some proxies and HTTP clients send the header empty
            return None
        scheme, host = self.client(request).scheme, request.host
        known = self.hosts.allows(host)
        if not self.origins.allows(origin, host if known else "", scheme):
            if self.origins.allows(origin, host, scheme):
                raise ForbiddenOrigin(f"the host {host[:100]!r} is not in allowed_hosts")
            raise ForbiddenOrigin(f"pages from {origin[:100]!r} may not connect to this gateway")
        return origin

    def check_token(self, request: HTTPServerRequest, now: float) -> str | None:
        """Return the valid token in ``Authorization``; None if it has none. Raises Unauthorized."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if self.tokens is None or kind.lower() != "bearer":
            return None
        self.tokens.verify(token.strip(), now)
        return token.strip()

    def require_token(self, request: HTTPServerRequest, now: float) -> str | None:
        """Check the token of a request that must carry one. Raises Unauthorized."""
        token = self.check_token(request, now)
        if token is None and self.tokens is not None:
            raise Unauthorized("a token is required in the Authorization header")
        return token


def _tls(settings: Settings) -> TLS:
    pair = settings.tls_certificate, settings.tls_key
    if not all(pair):
        raise WrongSetting("tls_certificate and tls_key must be set together")
    try:
        from server.access.tls import TLS
    except ImportError:
        raise _missing_packages("tls_certificate") from None
    return TLS(*pair)


def _tokens(settings: Settings) -> Tokens:
    try:
        from server.access.tokens import Tokens
    except ImportError:
        raise _missing_packages("token_keys") from None
    return Tokens(
        settings.token_keys,
        settings.token_audience,
        settings.token_issuer,
        settings.token_leeway_s,
    )


def _wechat(settings: Settings, access: AccessControl) -> WeChat:
    from server.access.wechat import WeChat

    if access.tokens is None:
        raise WrongSetting("wechat_appid: token_keys is required, because a login returns a token")
    access.tokens.signing_key()
    path = settings.wechat_secret_file
    loaded = stamp([path])
    secret = _secret(path) if path else settings.wechat_secret
    if not secret:
        raise WrongSetting("wechat_appid: wechat_secret or wechat_secret_file is required")
    wechat = WeChat(settings.wechat_url, settings.wechat_appid, secret, settings.wechat_timeout_s)
    if path:

        def reload() -> None:
            wechat.secret = _secret(path)

        access.watchers.append(FileWatcher([path], reload, loaded))
    return wechat


def _secret(path: str) -> str:
    try:
        secret = textfile.read(path).strip()
    except (OSError, ValueError) as error:
        raise WrongSetting(f"wechat_secret_file: {path}: {reason(error)}") from None
    if not secret:
        raise WrongSetting(f"wechat_secret_file: {path}: the file is empty")
    return secret


def _missing_packages(setting: str) -> WrongSetting:
    return WrongSetting(
        f"{setting}: PyJWT and cryptography are not installed; run pip install 'framewire[auth]'"
    )
