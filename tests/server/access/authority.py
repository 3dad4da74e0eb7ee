"""Certificates for tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID


@dataclass
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: bytes = b"") -> bytes:
        how: KeySerializationEncryption = NoEncryption()
        if passphrase:
            how = BestAvailableEncryption(passphrase)
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


_SIGNS, _SERVES = _usage(signs=True), _usage(signs=False)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certify(name: str, by: Signed | None = None, days: tuple[int, int] = (-1, 90)) -> Signed:
    """Return a certificate for ``name`` at 127.0.0.1, self-signed without ``by``."""
    key = ec.generate_private_key(ec.SECP256R1())
    signer = by.key if by else key
    now = datetime.now(timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(by.certificate.subject if by else _name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        # Python 3.13 requires the key identifiers of RFC 5280.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .add_extension(_SIGNS if by is None else _SERVES, critical=True)
    )
    return Signed(built.sign(signer, hashes.SHA256()), key)


def write(folder: Path, found: Signed, *chain: Signed, key: bytes | None = None) -> tuple[str, str]:
    """Write a certificate with its chain, and its key; return the paths."""
    paths = folder / "chain.pem", folder / "key.pem"
    paths[0].write_bytes(b"".join(each.pem for each in (found, *chain)))
    paths[1].write_bytes(found.key_pem() if key is None else key)
    return str(paths[0]), str(paths[1])
