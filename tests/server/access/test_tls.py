"""Loading certificates: errors and warnings."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from server.access.tls import server_context
from server.settings import WrongSetting
from tests.server.access.authority import certify, write


def warned(caplog: pytest.LogCaptureFixture) -> str:
    lines = [each for each in caplog.records if each.levelno == logging.WARNING]
    return "; ".join(each.getMessage() for each in lines)


def assert_wrong(paths: tuple[str, str], words: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        server_context(*paths)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_valid_pair(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = certify("root")
    context = server_context(*write(tmp_path, certify("leaf", root), root))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert warned(caplog) == ""


@pytest.mark.parametrize(
    ("days", "words"),
    [((-9, -1), "EXPIRED on"), ((-9, 3), "expires soon"), ((1, 90), "not valid before")],
)
def test_warnings_about_validity_dates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, days: tuple[int, int], words: str
) -> None:
    server_context(*write(tmp_path, certify("leaf", days=days)))
    assert words in warned(caplog)


def test_a_warning_about_missing_intermediates(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server_context(*write(tmp_path, certify("leaf", certify("root"))))
    assert "phones need the full chain" in warned(caplog)


def test_certificates_and_keys_that_do_not_match(tmp_path: Path) -> None:
    one = certify("one")
    assert_wrong(write(tmp_path, one, key=certify("two").key_pem()), "does not match")
    of_another_kind = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    assert_wrong(write(tmp_path, one, key=of_another_kind), "does not match the certificate")
    root = certify("root")
    leaf = certify("leaf", root)
    wrong_order = write(tmp_path, root, leaf, key=leaf.key_pem())
    assert_wrong(wrong_order, "does not match the first certificate")
    assert_wrong(write(tmp_path, one, key=one.key_pem(b"hush")), "without a passphrase")
    assert_wrong(write(tmp_path, one, key=b"nonsense"), "is not a usable private key")
    assert_wrong(write(tmp_path, one, key=one.pem), "is not a usable private key")


def test_unreadable_files(tmp_path: Path) -> None:
    chain, key = write(tmp_path, certify("one"))
    nothing = str(tmp_path / "nothing")
    assert_wrong((nothing, key), f"tls_certificate: {nothing}: No such file")
    assert_wrong((chain, nothing), f"tls_key: {nothing}: No such file")
    assert_wrong((str(tmp_path), key), "Is a directory")
    assert_wrong((key, key), "no PEM certificate")
