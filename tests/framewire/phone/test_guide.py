"""The page that the phone opens first, and what the terminal shows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from framewire.phone import certificates, guide
from framewire.phone.__main__ import terminal
from framewire.phone.texts import STEPS, WORDS

CAMERA = "https://192.168.1.20:8888/"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0"


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return certificates.prepare(tmp_path, ["192.168.1.20"], "studio").authority


@pytest.fixture
def certificate(authority: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.read_bytes())


@pytest.fixture
async def url(authority: Path) -> AsyncIterator[str]:
    """The guide's address."""
    socket, port = bind_unused_port()
    server = HTTPServer(guide.application(CAMERA, authority))
    server.add_socket(socket)
    yield f"http://127.0.0.1:{port}/"
    server.stop()
    await server.close_all_connections()


@pytest.mark.parametrize(
    ("agent", "language", "words", "opened"),
    [
        (IPHONE, "zh-CN,zh;q=0.9", WORDS["zh"], "iphone"),
        (ANDROID, "zh-TW", WORDS["zh"], "android"),
        (IPHONE, "en-GB", WORDS["en"], "iphone"),
        (ANDROID, "de", WORDS["en"], "android"),
        ("", "", WORDS["en"], "android"),
    ],
)
async def test_the_page_speaks_to_the_phone(
    url: str, agent: str, language: str, words: dict[str, str], opened: str
) -> None:
    headers = {"User-Agent": agent, "Accept-Language": language}
    page = (await AsyncHTTPClient().fetch(url, headers=headers)).body.decode()
    assert f'lang="{words["lang"]}"' in page
    assert f"<details open><summary>{words[opened]}</summary>" in page
    assert page.count("<details open>") == 1
    assert f'href="{CAMERA}"' in page
    assert "$" not in page


async def test_the_certificate_is_one_to_install(url: str, certificate: x509.Certificate) -> None:
    page = (await AsyncHTTPClient().fetch(url)).body.decode()
    [link] = re.findall(r'href="([^":]+\.crt)"', page)
    answer = await AsyncHTTPClient().fetch(url + link)
    assert answer.headers["Content-Type"] == "application/x-x509-ca-cert"
    assert x509.load_der_x509_certificate(answer.body) == certificate


@pytest.mark.parametrize("path", ["authority.key", "server.key", "..%2fserver.key"])
async def test_the_keys_are_not_served(url: str, path: str) -> None:
    answer = await AsyncHTTPClient().fetch(url + path, raise_error=False)
    assert answer.code == 404


def test_both_languages_say_the_same() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    assert {name: len(steps) for name, steps in STEPS["en"].items()} == {
        name: len(steps) for name, steps in STEPS["zh"].items()
    }


def test_the_terminal_shows_the_address_and_its_code() -> None:
    shown = terminal("http://192.168.1.20:8889/", CAMERA)
    assert "http://192.168.1.20:8889/" in shown
    assert CAMERA in shown
    rows = [line for line in shown.splitlines() if line and not set(line) - set("█▀▄ ")]
    assert len({len(row) for row in rows}) == 1
    assert len(rows[0]) <= 2 * len(rows) <= len(rows[0]) + 2  # square, in half-height blocks
