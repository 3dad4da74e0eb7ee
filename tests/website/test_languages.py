"""Every page is there in English and in Chinese, with the same sections, code, links and names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.website import languages
from website import pages

ENGLISH_ONLY: set[str] = set()
"""Pages without a Chinese counterpart. The site does not have them in Chinese."""

PAIRS = [page for page in languages.english_pages() if page.name not in ENGLISH_ONLY]
each_pair = pytest.mark.parametrize("page", PAIRS, ids=lambda page: page.stem)


def test_every_page_is_there_in_both_languages() -> None:
    alone = {page.name for page in PAIRS if not languages.chinese(page).exists()}
    assert alone == set()
    for name in ENGLISH_ONLY:
        assert not languages.chinese(languages.DOCS / name).exists(), f"{name} is translated"


def test_every_chinese_page_has_an_english_one() -> None:
    for page in [*languages.DOCS.glob(f"*{pages.SUFFIX}"), ROOT / "README.zh-CN.md"]:
        assert page.with_name(page.name.replace(pages.SUFFIX, ".md")).exists(), page.name


@each_pair
@pytest.mark.parametrize(
    "part", [languages.levels, languages.code, languages.rows, languages.names]
)
def test_both_have_the_same(page: Path, part: Callable[[Path], object]) -> None:
    assert part(languages.chinese(page)) == part(page)


@each_pair
def test_chinese_links_lead_to_the_chinese_counterparts(page: Path) -> None:
    """To the same pages and headings, in the same order."""
    assert languages.links(languages.chinese(page)) == languages.links_in_chinese(page)


@each_pair
def test_each_leads_to_the_other(page: Path) -> None:
    other = languages.chinese(page)
    assert f"\n[简体中文]({other.name})\n" in page.read_text(encoding="utf-8")
    assert f"\n[English]({page.name})\n" in other.read_text(encoding="utf-8")
