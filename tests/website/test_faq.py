"""The headings of the FAQ are messages that the programs and the page really show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.website import languages

SOURCES = ("framewire", "server", "export", "modelserver")
ELSEWHERE = {"ensurepip is not available"}
"""From Python itself."""
PAGE = languages.DOCS / "faq.md"
CATALOGUES = {PAGE: "messages-en.js", languages.chinese(PAGE): "messages-zh.js"}


def titles(page: Path, pattern: str) -> list[str]:
    return re.findall(rf"^### {pattern}$", page.read_text(encoding="utf-8"), re.M)


@pytest.fixture(scope="module")
def sources() -> str:
    """The text of the programs, with strings that continue on the next line joined."""
    paths = [path for package in SOURCES for path in (ROOT / package).rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in [ROOT / "Makefile", *paths])
    return re.sub(r'"\s*\n\s*f?"', "", text)


def test_programs_print_the_messages(sources: str) -> None:
    messages = titles(PAGE, "`(.+)`")
    assert len(messages) > 15
    for message in set(messages) - ELSEWHERE:
        for part in filter(None, message.split("…")):
            assert part.strip() in sources, message


@pytest.mark.parametrize("page", CATALOGUES, ids=lambda page: page.name)
def test_the_page_shows_the_messages(page: Path) -> None:
    """In its own language."""
    catalogue = (ROOT / "static" / "page" / CATALOGUES[page]).read_text(encoding="utf-8")
    messages = titles(page, "“(.+)”")
    assert len(messages) > 4
    for message in messages:
        for part in filter(None, message.split("…")):
            assert part in catalogue, message
