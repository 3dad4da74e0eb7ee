"""Checks a built site without a network: links lead to pages and headings, nothing is foreign."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

SKIPPED = {"404.html"}
"""Its addresses are absolute, because it is shown at any address."""
_RESOURCES = {"script", "img", "source", "iframe", "video", "audio"}


class Document(NamedTuple):
    """What a page refers to, what it loads, and the ids in it."""

    links: list[str]
    resources: list[str]
    ids: set[str]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.document = Document([], [], set())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.document.ids.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.document.links.append(values["href"])
        if tag == "link" and values.get("rel") not in {"alternate", "canonical", "next", "prev"}:
            self.document.resources.append(values.get("href", ""))
        if tag in _RESOURCES and "src" in values:
            self.document.resources.append(values["src"])


@cache
def read(page: Path) -> Document:
    """Return what an HTML page contains."""
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return reader.document


def faults(site: Path) -> list[str]:
    """Return a line for each wrong link or foreign resource of all pages in a folder."""
    pages = [page for page in sorted(site.rglob("*.html")) if page.name not in SKIPPED]
    return [f"{page.relative_to(site)}: {fault}" for page in pages for fault in _faults(page)]


def _faults(page: Path) -> Iterator[str]:
    document = read(page)
    for target in document.links:
        if not urlsplit(target).scheme and (reason := _wrong(page, target)):
            yield f"link {target}: {reason}"
    for target in document.resources:
        address = urlsplit(target)
        if address.scheme not in {"", "data"} or address.netloc:
            yield f"loads {target} from another host"
        elif not address.scheme and (reason := _wrong(page, target)):
            yield f"loads {target}: {reason}"


def _wrong(page: Path, target: str) -> str:
    """Return why a relative address leads nowhere, or an empty string."""
    address = urlsplit(target)
    file = (page.parent / unquote(address.path)).resolve() if address.path else page.resolve()
    if file.is_dir():
        file /= "index.html"
    if not file.is_file():
        return "there is no such file"
    anchor = unquote(address.fragment)
    if anchor and file.suffix == ".html" and anchor not in read(file).ids:
        return "there is no such heading"
    return ""
