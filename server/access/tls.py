"""TLS with a certificate and a key that may change while the gateway runs.

A new pair is loaded into a new context, which replaces the one in use only if the pair
is valid. New connections then use it; open connections are not affected.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509

from server.settings import WrongSetting

log = logging.getLogger(__name__)

# The latter if the key is of another kind.
_MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")

WARN_BEFORE = timedelta(days=14)


class TLS:
    """The context for new connections; ``on_reload`` receives each new one.

    Raises WrongSetting for files that cannot be used.
    """

    def __init__(self, chain_path: str, key_path: str) -> None:
        self.paths = (chain_path, key_path)
        self.context = server_context(chain_path, key_path)
        self.on_reload: Callable[[ssl.SSLContext], None] = lambda context: None

    def reload(self) -> None:
        """Read the files again. Raises WrongSetting, and then keeps the context."""
        self.context = server_context(*self.paths)
        self.on_reload(self.context)


def server_context(chain_path: str, key_path: str) -> ssl.SSLContext:
    """Create a context for TLS 1.2 and later, and log warnings about its certificate.

    Raises WrongSetting for files that are missing, broken, encrypted or not a pair.
    """
    chain = _chain(chain_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _read(key_path, "tls_key")
    try:
        context.load_cert_chain(chain_path, key_path, password=_no_passphrase)
    except _Encrypted:
        raise WrongSetting(
            f"tls_key: {key_path} is encrypted; provide the key without a passphrase"
        ) from None
    except ssl.SSLError as error:
        first = "first " if len(chain) > 1 else ""
        problem = (
            f"does not match the {first}certificate in {chain_path}"
            if error.reason in _MISMATCHES
            else "is not a usable private key"
        )
        detail = (error.reason or "unreadable").lower().replace("_", " ")
        raise WrongSetting(f"tls_key: {key_path} {problem} ({detail})") from None
    for line in certificate_warnings(chain, datetime.now(timezone.utc)):
        log.warning("tls_certificate: %s %s", chain_path, line)
    log.info("tls_certificate: %s, valid until %s", chain_path, chain[0].not_valid_after_utc)
    return context


def certificate_warnings(chain: list[x509.Certificate], now: datetime) -> list[str]:
    """Return what clients will reject in a chain, or soon will, in words."""
    lines = []
    own = chain[0]
    if now > own.not_valid_after_utc:
        lines.append(f"EXPIRED on {own.not_valid_after_utc}: clients will reject it")
    elif now + WARN_BEFORE > own.not_valid_after_utc:
        lines.append(f"expires soon, on {own.not_valid_after_utc}")
    if now < own.not_valid_before_utc:
        lines.append(f"is not valid before {own.not_valid_before_utc}: clients will reject it")
    if len(chain) == 1 and own.issuer != own.subject:
        lines.append("has no intermediate certificates: phones need the full chain")
    return lines


def _chain(path: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, "tls_certificate"))
    except ValueError:
        raise WrongSetting(f"tls_certificate: {path}: the file has no PEM certificate") from None


def _read(path: str, setting: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongSetting(f"{setting}: {path}: {error.strerror}") from None


class _Encrypted(Exception):
    """OpenSSL asks for a passphrase."""


def _no_passphrase() -> str:
    raise _Encrypted
