"""What a page and its Chinese counterpart have in common, whatever the language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.conftest import ROOT
from website import pages

DOCS = ROOT / "docs"
CODE = re.compile(r"^( *)```.*?^\1```$", re.M | re.S)
SWITCH = re.compile(r"^\[(?:简体中文|English)\]\(([^)]+)\)$", re.M)


def english_pages() -> list[Path]:
    """Return the README and every page of docs/ in English."""
    return [ROOT / "README.md", *(DOCS / name for name in pages.names(pages.ENGLISH))]


def chinese(page: Path) -> Path:
    """Return where the Chinese counterpart of a page is, or would be."""
    return page.with_name(page.name.removesuffix(".md") + pages.SUFFIX)


@cache
def text(page: Path) -> str:
    """Return a page's text, without the line that leads to the other language."""
    return SWITCH.sub("", page.read_text(encoding="utf-8"), count=1)


@cache
def headings(page: Path) -> list[tuple[int, str]]:
    """Return the level and the anchor of each heading, in order."""
    found = re.findall(r"^(#+) (.+)$", CODE.sub("", text(page)), re.M)
    return [(len(marks), slug(title)) for marks, title in found]


def slug(title: str) -> str:
    """Return the anchor of a heading, as repository hosts and the site form it."""
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", title).lower()
    return re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")


def levels(page: Path) -> list[int]:
    """Return the level of each heading, in order."""
    return [level for level, _ in headings(page)]


def code(page: Path) -> list[str]:
    """Return the blocks of code, in order."""
    return [block[0] for block in CODE.finditer(text(page))]


def rows(page: Path) -> list[int]:
    """Return the number of items of each list and of rows of each table, in order."""
    prose = CODE.sub("", text(page))
    blocks = re.findall(r"(?:^(?:- |\d{1,2}\. |\|).*\n(?:  .*\n)*)+", prose, re.M)
    return [len(re.findall(r"^(?:- |\d{1,2}\. |\|)", block, re.M)) for block in blocks]


def names(page: Path) -> list[str]:
    """Return what is in backticks: options, commands, fields. Their order is the language's."""
    quoted = re.findall(r"`([^`]+)`", CODE.sub("", text(page)))
    return sorted({" ".join(name.split()) for name in quoted})


def links(page: Path) -> list[str]:
    """Return the targets of links and pictures, in order."""
    return list(_links(text(page)))


def links_in_chinese(page: Path) -> list[str]:
    """Return the targets that the Chinese counterpart of an English page must have."""
    return [in_chinese(page, target) for target in links(page)]


def _links(source: str) -> Iterator[str]:
    for target, plain in re.findall(r"\]\(([^)\s]+)\)|<(https?:[^>]+)>", CODE.sub("", source)):
        yield target or plain


def in_chinese(page: Path, target: str) -> str:
    """Return the Chinese counterpart of a link's target: page and heading, or picture."""
    path, mark, anchor = target.partition("#")
    linked = (page.parent / path).resolve() if path else page
    picture = linked.with_suffix(f".{pages.CHINESE}{linked.suffix}")
    if path and linked.suffix != ".md" and picture.exists():
        return path.removesuffix(linked.name) + picture.name
    if ":" in path or linked.suffix != ".md" or not chinese(linked).exists():
        return target
    if path:
        path = path.removesuffix(".md") + pages.SUFFIX
    if anchor:
        position = [name for _, name in headings(linked)].index(anchor)
        translated = headings(chinese(linked))
        # With fewer headings there, the test of their levels says what is missing.
        anchor = translated[position][1] if position < len(translated) else anchor
    return path + mark + anchor
