"""README.zh-CN.md is in step with README.md: the same sections, code and links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {"README.md", "README.zh-CN.md"}
ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in sorted(LANGUAGES))


def headings(text: str) -> list[int]:
    """The levels of the headings, in order."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    return [len(marks) for marks in re.findall(r"^(#+) ", outside, re.M)]


def code(text: str) -> list[str]:
    return re.findall(r"^```.*?^```$", text, re.M | re.S)


def links(text: str) -> list[str]:
    """The targets of links and pictures, in order, but for those to the other language."""
    found = re.findall(r"\]\(([^)]+)\)|<(http[^>]+)>", text)
    return [one or other for one, other in found if one not in LANGUAGES]


def rows(text: str) -> list[int]:
    """The number of items of each list and of rows of each table, in order."""
    blocks = re.findall(r"(?:^(?:- |\|).*\n(?:  .*\n)*)+", text, re.M)
    return [len(re.findall(r"^(?:- |\|)", block, re.M)) for block in blocks]


@pytest.mark.parametrize("part", [headings, code, links, rows])
def test_both_have_the_same(part: object) -> None:
    assert callable(part)
    assert part(CHINESE) == part(ENGLISH)
    assert len(part(CHINESE)) >= 3


def test_a_reader_finds_the_english_page() -> None:
    assert "](README.md)" in CHINESE


def test_options_and_commands_are_the_same() -> None:
    """Whatever stands in backticks in one stands in the other, in any order."""
    words = [set(re.findall(r"`([^`\n]+)`", text)) for text in (ENGLISH, CHINESE)]
    assert words[0] == words[1]
