"""The gateway's door: everything that decides who comes in, built from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tornado.httputil import HTTPServerRequest

from server.access.addresses import Client, Proxies
from server.access.filewatch import FileWatch
from server.access.origins import Origins
from server.core.errors import ForbiddenOrigin, Unauthorized
from server.settings import Settings, WrongSetting

if TYPE_CHECKING:
    # Loaded only where a setting asks for them: they cost memory and time at start.
    from server.access.certificates import Encryption
    from server.access.tokens import Tokens
    from server.access.wechat import WeChat


@dataclass
class Door:
    """``encryption``: None without TLS. ``tokens``: None where none are asked for.
    ``wechat``: None where nobody can sign in. ``watches``: whose files may change.
    ``kept_out``: told of each refusal, its path and its code.
    """

    origins: Origins
    proxies: Proxies
    encryption: Encryption | None = None
    tokens: Tokens | None = None
    wechat: WeChat | None = None
    watches: list[FileWatch] = field(default_factory=list)
    kept_out: Callable[[str, str], None] = lambda path, code: None

    def client(self, request: HTTPServerRequest) -> Client:
        """Who asks, behind the proxies that are trusted."""
        return self.proxies.client(request.remote_ip or "", request.protocol, request.headers)

    def close(self) -> None:
        """Let go of what it holds open."""
        if self.wechat is not None:
            self.wechat.close()

    def check_origin(self, request: HTTPServerRequest) -> str | None:
        """The Origin of the page that asks, if one does. Raises ForbiddenOrigin."""
        origin = request.headers.get("Origin")
        if origin is None:
            return None
        scheme = self.client(request).scheme
        if not self.origins.allows(origin, request.host, scheme):
            raise ForbiddenOrigin(f"pages of {origin[:100]!r} may not connect here")
        return origin

    def check_token(self, request: HTTPServerRequest, now: float) -> str | None:
        """The good token in ``Authorization``; None without one. Raises Unauthorized."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if self.tokens is None or kind.lower() != "bearer":
            return None
        self.tokens.verify(token.strip(), now)
        return token.strip()

    def require_token(self, request: HTTPServerRequest, now: float) -> str | None:
        """The same where a request must bring one. Raises Unauthorized."""
        token = self.check_token(request, now)
        if token is None and self.tokens is not None:
            raise Unauthorized("a token is required, in the Authorization header")
        return token


def open_door(settings: Settings) -> Door:
    """The door that the settings describe. Raises WrongSetting."""
    door = Door(Origins(settings.allowed_origins), Proxies(settings.trusted_proxies))
    if settings.tls_certificate or settings.tls_key:
        door.encryption = _encryption(settings)
        door.watches.append(FileWatch(door.encryption.paths, door.encryption.reload))
    if settings.token_keys:
        door.tokens = _tokens(settings)
        door.watches.append(FileWatch([settings.token_keys], door.tokens.reload))
    if settings.wechat_appid:
        door.wechat = _wechat(settings, door)
    return door


def _encryption(settings: Settings) -> Encryption:
    pair = settings.tls_certificate, settings.tls_key
    if not all(pair):
        raise WrongSetting("tls_certificate and tls_key: only both together are of use")
    try:
        from server.access.certificates import Encryption
    except ImportError:
        raise _needs_auth("tls_certificate") from None
    return Encryption(*pair)


def _tokens(settings: Settings) -> Tokens:
    try:
        from server.access.tokens import Tokens
    except ImportError:
        raise _needs_auth("token_keys") from None
    return Tokens(
        settings.token_keys,
        settings.token_audience,
        settings.token_issuer,
        settings.token_leeway_s,
    )


def _wechat(settings: Settings, door: Door) -> WeChat:
    from server.access.wechat import WeChat

    if door.tokens is None:
        raise WrongSetting("wechat_appid: a login gives out tokens, so token_keys is required")
    door.tokens.signing_key()
    path = settings.wechat_secret_file
    secret = _secret(path) if path else settings.wechat_secret
    if not secret:
        raise WrongSetting("wechat_appid: wechat_secret or wechat_secret_file is required")
    wechat = WeChat(settings.wechat_url, settings.wechat_appid, secret, settings.wechat_timeout_s)
    if path:
        door.watches.append(FileWatch([path], lambda: setattr(wechat, "secret", _secret(path))))
    return wechat


def _secret(path: str) -> str:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise WrongSetting(f"wechat_secret_file: {path}: {error.strerror}") from None
    except ValueError:
        secret = ""
    if not secret:
        raise WrongSetting(f"wechat_secret_file: {path}: a secret in it is required")
    return secret


def _needs_auth(setting: str) -> WrongSetting:
    return WrongSetting(f"{setting}: PyJWT and cryptography are missing; install framewire[auth]")
