"""The page that hands a phone the certificate and says what to tap.

It is the only page over plain HTTP: a phone can fetch nothing over HTTPS before it trusts the
certificate. The key is not in it, and whoever exchanges the certificate on the way is noticed,
because the camera page does not open.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tornado.web import Application, RequestHandler

from framewire.phone.texts import STEPS, WORDS

_PAGE = Path(__file__).with_name("guide.html")
# Safari takes it for a profile to install; Android for a file to download.
_CERTIFICATE = "application/x-x509-ca-cert"
_APPLE = ("iPhone", "iPad", "Macintosh")


class GuideHandler(RequestHandler):
    """The page, in the phone's language, with its platform's steps open."""

    def initialize(self, page: str) -> None:
        self._page = page

    def get(self) -> None:
        accepted = self.request.headers.get("Accept-Language", "")
        agent = self.request.headers.get("User-Agent", "")
        platform = "iphone" if any(word in agent for word in _APPLE) else "android"
        language = "zh" if accepted.lower().startswith("zh") else "en"
        self.set_header("Cache-Control", "no-store")
        self.write(html(language, platform, self._page))

    head = get


class CertificateHandler(RequestHandler):
    """The authority's certificate."""

    def initialize(self, authority: bytes) -> None:
        self._authority = authority

    def get(self) -> None:
        self.set_header("Content-Type", _CERTIFICATE)
        self.set_header("Content-Disposition", 'attachment; filename="framewire-demo.crt"')
        self.write(self._authority)

    head = get


def html(language: str, platform: str, page: str) -> str:
    """Return the page. ``platform``: whose steps are open; ``page``: the camera page's URL."""
    words = WORDS[language]
    steps = "\n    ".join(
        f"<details{' open' if name == platform else ''}><summary>{words[name]}</summary>"
        f"<ol>{''.join(f'<li>{step}</li>' for step in listed)}</ol></details>"
        for name, listed in STEPS[language].items()
    )
    return Template(_PAGE.read_text("utf-8")).substitute(words, steps=steps, page=page)


def application(page: str, authority: Path) -> Application:
    """Return the guide's application. ``authority``: the certificate's file, in PEM."""
    certificate = x509.load_pem_x509_certificate(authority.read_bytes())
    content = {"authority": certificate.public_bytes(Encoding.DER)}
    return Application(
        [
            ("/", GuideHandler, {"page": page}),
            ("/framewire-demo.crt", CertificateHandler, content),
        ]
    )
