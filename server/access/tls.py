"""TLS: a certificate with its chain, and its key, as files that may change.

A new pair is tried in a context of its own. Only when it fits does it take the place of
the one in use, for the handshakes from then on; open connections keep what they have.
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

WARN_BEFORE = timedelta(days=14)


class TLS:
    """The context for the next handshake; ``on_reload`` receives each new one.

    Raises WrongSetting for files that cannot be used.
    """

    def __init__(self, chain_path: str, key_path: str) -> None:
        self.paths = (chain_path, key_path)
        self.context = server_context(chain_path, key_path)
        self.on_reload: Callable[[ssl.SSLContext], None] = lambda context: None

    def reload(self) -> None:
        """Read the files anew. Raises WrongSetting, and then the context stays."""
        self.context = server_context(*self.paths)
        self.on_reload(self.context)


def server_context(chain_path: str, key_path: str) -> ssl.SSLContext:
    """A context for TLS 1.2 and later, with warnings about its certificate.

    Raises WrongSetting for files that are missing, broken, encrypted or not a pair.
    """
    chain = _chain(chain_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _readable(key_path)
    try:
        context.load_cert_chain(chain_path, key_path, password=_no_passphrase)
    except _Encrypted:
        raise WrongSetting(
            f"tls_key: {key_path} asks for a passphrase; give the key without one"
        ) from None
    except ssl.SSLError as error:
        wrong = "is not this certificate's key" if "MISMATCH" in str(error) else "is no usable key"
        why = (error.reason or "unreadable").lower().replace("_", " ")
        raise WrongSetting(f"tls_key: {key_path} {wrong}: {chain_path}, {why}") from None
    for line in complaints(chain, datetime.now(timezone.utc)):
        log.warning("tls_certificate: %s %s", chain_path, line)
    log.info("tls_certificate: %s, good until %s", chain_path, chain[0].not_valid_after_utc)
    return context


def complaints(chain: list[x509.Certificate], now: datetime) -> list[str]:
    """What clients will dislike about a chain, in words."""
    found = []
    own = chain[0]
    if now > own.not_valid_after_utc:
        found.append(f"HAS EXPIRED on {own.not_valid_after_utc}: clients refuse it")
    elif now + WARN_BEFORE > own.not_valid_after_utc:
        found.append(f"expires soon, on {own.not_valid_after_utc}")
    if now < own.not_valid_before_utc:
        found.append(f"is not valid before {own.not_valid_before_utc}: clients refuse it")
    if len(chain) == 1 and own.issuer != own.subject:
        found.append("has no intermediate certificates: phones need the full chain")
    return found


def _chain(path: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_readable(path, "tls_certificate"))
    except ValueError:
        raise WrongSetting(f"tls_certificate: {path}: no certificates in PEM are there") from None


def _readable(path: str, setting: str = "tls_key") -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongSetting(f"{setting}: {path}: {error.strerror}") from None


class _Encrypted(Exception):
    """OpenSSL would ask for a passphrase."""


def _no_passphrase() -> str:
    raise _Encrypted
