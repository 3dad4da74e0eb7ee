"""A certificate authority of this machine's own, and a certificate for its addresses."""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from framewire.phone.addresses import NETWORKS

# Phones refuse certificates for more than 825 days (Apple), and clocks may differ.
AUTHORITY_DAYS, CERTIFICATE_DAYS, SPARE_DAYS = 730, 90, 14
BACKDATED = timedelta(days=1)
# Beside NETWORKS, all that the authority can speak for: if its key is stolen, a phone that trusts
# it is at risk in private networks only, and on no site of the internet.
DOMAINS = ("local", "localhost")


@dataclass(frozen=True)
class Files:
    """``authority``: the certificate that the phone installs. ``chain`` and ``key``: for TLS."""

    authority: Path
    chain: Path
    key: Path


@dataclass(frozen=True)
class _Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def prepare(folder: Path, names: Sequence[str], owner: str, now: datetime | None = None) -> Files:
    """Return the files in ``folder``, made where they are missing, expire soon or do not fit.

    ``names``: what the certificate is for, the first as its name. ``owner``: who the authority is
    for, as the phone shows it. The authority stays the same, so a phone installs it only once.
    Raises ``OSError``.
    """
    now = now or datetime.now(timezone.utc)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _read(folder / "authority.pem", folder / "authority.key")
    if authority is None or not _lasts(authority.certificate, now, CERTIFICATE_DAYS):
        authority = _authority(owner, now)
        _write(folder / "authority.pem", _pem(authority.certificate))
        _write(folder / "authority.key", _key(authority))
    files = Files(folder / "authority.pem", folder / "chain.pem", folder / "server.key")
    current = _read(files.chain, files.key)
    if current is None or not _fits(current, authority, names, now):
        current = _certificate(authority, names, now)
        _write(files.key, _key(current))
        _write(files.chain, _pem(current.certificate) + _pem(authority.certificate))
    return files


def _authority(owner: str, now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Framewire demo on {owner}")
    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in DOMAINS]
    permitted += [x509.IPAddress(ipaddress.ip_network(network)) for network in NETWORKS]
    builder = (
        _builder(name, name, key.public_key(), now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        # Not critical: a client that does not know the extension would refuse the certificate.
        .add_extension(x509.NameConstraints(permitted, None), critical=False)
    )
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _certificate(authority: _Pair, names: Sequence[str], now: datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.key.public_key()
    builder = (
        _builder(
            _name(names[0]), authority.certificate.subject, key.public_key(), now, CERTIFICATE_DAYS
        )
        .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    )
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _fits(pair: _Pair, authority: _Pair, names: Sequence[str], now: datetime) -> bool:
    """Return whether a certificate is of this authority, for these names, and lasts."""
    try:
        pair.certificate.verify_directly_issued_by(authority.certificate)
        found = pair.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except Exception:  # of another authority, or not made here
        return False
    return list(found.value) == list(map(_general, names)) and _lasts(
        pair.certificate, now, SPARE_DAYS
    )


def _lasts(certificate: x509.Certificate, now: datetime, days: int) -> bool:
    return certificate.not_valid_after_utc > now + timedelta(days=days)


def _read(certificate: Path, key: Path) -> _Pair | None:
    """Return what two files contain, or None if that is no certificate with its key."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        if isinstance(private, ec.EllipticCurvePrivateKey) and (
            private.public_key() == first.public_key()
        ):
            return _Pair(first, private)
    return None


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(pair: _Pair) -> bytes:
    return pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes) -> None:
    """Replace a file, readable by its owner alone."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    new.replace(path)
