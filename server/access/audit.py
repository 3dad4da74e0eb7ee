"""What is said at start about a gateway that strangers can reach."""

from __future__ import annotations

import ipaddress

from server.settings import Settings


def warnings(settings: Settings) -> list[str]:
    """One line for each door that stands open to strangers; none on loopback."""
    if not _public(settings):
        return []
    found = []
    if not settings.tls_certificate and not settings.trusted_proxies:
        found.append(
            "pictures and tokens travel unencrypted: set tls_certificate and tls_key, or put a "
            "proxy with TLS in front and name it in trusted_proxies"
        )
    if not settings.token_keys:
        found.append("anybody who can reach this address may use it: set token_keys")
    if "*" in [word.strip() for word in settings.allowed_origins.split(",")]:
        found.append("pages of every origin may connect: name yours in allowed_origins")
    return found


def _public(settings: Settings) -> bool:
    return bool(settings.trusted_proxies) or not is_loopback(settings.host)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address; a name other than localhost counts as open."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
