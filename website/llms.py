"""``llms.txt`` (llmstxt.org): the pages of the site with a sentence each, for language models."""

from __future__ import annotations

import re
from pathlib import Path

from website import pages
from website.pages import CHINESE, ENGLISH

HEAD = """\
# Framewire

> Real-time vision inference server: cameras stream frames over WebSocket, frames from all cameras
> are batched together for TensorFlow Serving, and every result is sent back as soon as its batch
> completes.
"""
LEAST_BYTES = 60
"""A summary takes further sentences until it is that long."""

_CODE = re.compile(r"^```.*?^```$", re.M | re.S)
_NO_PROSE = re.compile(r"\s*([#|<>!]|- |\[(English|简体中文)\]|---)")
_MARKUP = re.compile(r"\[([^\]]+)\]\([^)]*\)|[`*]")

SECTIONS = {ENGLISH: ("Documentation", ""), CHINESE: ("Optional: 简体中文", f"{CHINESE}/")}


def write(site: Path) -> None:
    """Write ``llms.txt``, and each page as Markdown beside its HTML."""
    parts = [HEAD]
    for locale, (title, folder) in SECTIONS.items():
        entries = [_entry(name, locale, folder) for name in pages.names(locale)]
        parts.append(f"## {title}\n\n{''.join(entries)}")
        for name in pages.names(locale):
            text = pages.for_site(pages.source(name, locale).read_text(encoding="utf-8"), locale)
            (site / folder / name).write_text(text, encoding="utf-8")
    (site / "llms.txt").write_text("\n".join(parts), encoding="utf-8")


def _entry(name: str, locale: str, folder: str) -> str:
    text = pages.source(name, locale).read_text(encoding="utf-8")
    return f"- [{pages.title(name, locale)}]({folder}{name}): {summary(text)}\n"


def summary(text: str) -> str:
    """Return what the first paragraph of a page begins with, as plain text."""
    paragraphs = re.split(r"\n\s*\n", _CODE.sub("", text))
    prose = (part for part in paragraphs if part.strip() and not _NO_PROSE.match(part))
    first = _MARKUP.sub(r"\1", " ".join(next(prose, "").split()))
    kept = ""
    for sentence in re.findall(r".+?(?:[.:] |[。：]|$)", first):
        if len(kept.encode()) >= LEAST_BYTES:
            break
        kept += sentence
    return kept.strip().rstrip(":：")
