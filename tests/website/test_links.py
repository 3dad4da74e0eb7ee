"""Links between the pages, in both languages, lead to files and headings that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.website import languages

EVERY = [
    version
    for page in languages.english_pages()
    for version in (page, languages.chinese(page))
    if version.exists()
]


@pytest.mark.parametrize("page", EVERY, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in languages.links(page):
        path, _, anchor = target.partition("#")
        if ":" in path:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in [name for _, name in languages.headings(linked)], target
