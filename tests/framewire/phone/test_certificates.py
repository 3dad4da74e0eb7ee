"""The phone's certificates: what trusts them, for what, and how long they stay."""

from __future__ import annotations

import contextlib
import ssl
import stat
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from socket import socketpair

import pytest

from framewire.phone import certificates
from framewire.phone.addresses import LOCAL, NoAddress, names, private
from framewire.phone.certificates import AUTHORITY_DAYS, CERTIFICATE_DAYS, prepare

NAMES = ("192.168.1.20", "studio.local", *LOCAL)


def handshake(folder: Path, name: str) -> None:
    """A client that trusts only the authority connects to ``name``. Raises ``SSLError``."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "chain.pem", folder / "server.key")
    client = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    here, there = socketpair()

    def serve() -> None:
        with there, contextlib.suppress(ssl.SSLError):  # the client says why
            server.wrap_socket(there, server_side=True).close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with here:
            client.wrap_socket(here, server_hostname=name).close()
    finally:
        serving.join()


@pytest.mark.parametrize("name", NAMES)
def test_a_phone_that_trusts_the_authority_connects(tmp_path: Path, name: str) -> None:
    prepare(tmp_path, NAMES, "studio")
    handshake(tmp_path, name)


def test_it_is_for_no_other_address(tmp_path: Path) -> None:
    prepare(tmp_path, NAMES, "studio")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(tmp_path, "192.168.1.21")


@pytest.mark.parametrize("site", ["bank.example", "203.0.113.7"])
def test_the_authority_cannot_speak_for_a_site_of_the_internet(tmp_path: Path, site: str) -> None:
    """Not even with its key, in the hands of whoever took it."""
    prepare(tmp_path, [site], "studio")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(tmp_path, site)


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    prepare(tmp_path, NAMES, "studio")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    prepare(tmp_path, NAMES, "studio")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_another_address_needs_nothing_new_on_the_phone(tmp_path: Path) -> None:
    authority = prepare(tmp_path, NAMES, "studio").authority.read_bytes()
    files = prepare(tmp_path, ["10.0.0.5"], "studio")
    assert files.authority.read_bytes() == authority
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(tmp_path, NAMES[0])


@pytest.mark.parametrize(
    ("days", "same"), [(1, True), (CERTIFICATE_DAYS - 1, True), (AUTHORITY_DAYS - 1, False)]
)
def test_certificates_are_renewed_before_they_expire(tmp_path: Path, days: int, same: bool) -> None:
    now = datetime.now(timezone.utc)
    authority = prepare(tmp_path, NAMES, "studio", now - timedelta(days=days)).authority
    before = authority.read_bytes()
    prepare(tmp_path, NAMES, "studio", now)
    handshake(tmp_path, NAMES[0])
    assert (authority.read_bytes() == before) == same


@pytest.mark.parametrize("file", ["authority.pem", "authority.key", "chain.pem", "server.key"])
@pytest.mark.parametrize("content", [b"", b"not a certificate", None])
def test_damaged_files_are_made_anew(tmp_path: Path, file: str, content: bytes | None) -> None:
    prepare(tmp_path, NAMES, "studio")
    path = tmp_path / file
    path.unlink() if content is None else path.write_bytes(content)
    prepare(tmp_path, NAMES, "studio")
    handshake(tmp_path, NAMES[0])


def test_nobody_else_can_read_the_keys(tmp_path: Path) -> None:
    folder = tmp_path / "phone"
    prepare(folder, NAMES, "studio")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_long_name_of_the_machine_is_cut(tmp_path: Path) -> None:
    assert prepare(tmp_path, NAMES, "x" * 300).authority.exists()


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.1.20", "100.100.1.1", "fd00::2", "::1"])
def test_private_addresses_are_taken(address: str) -> None:
    assert private(address) == address


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("8.8.8.8", "not a private address"),
        ("0.0.0.0", "not a private address"),
        ("phone", "takes an IP address"),
    ],
)
def test_others_are_refused(address: str, words: str) -> None:
    with pytest.raises(NoAddress, match=words):
        private(address)


def test_the_certificate_is_also_for_the_machines_own_name() -> None:
    assert names("10.0.0.5", "Studio.example.org")[:2] == ("10.0.0.5", "studio.local")
    assert names("10.0.0.5", "")[:2] == ("10.0.0.5", "localhost")


def test_the_authority_lasts_longer_than_a_certificate() -> None:
    assert certificates.SPARE_DAYS < CERTIFICATE_DAYS < AUTHORITY_DAYS <= 825
