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
    """Return the first sentence of a page, as plain text."""
    paragraphs = re.split(r"\n\s*\n", text)
    prose = (part for part in paragraphs if not re.match(r"[#\[`|<>!-]|---", part))
    first = re.sub(r"\[([^\]]+)\]\([^)]*\)|[`*]", r"\1", next(prose, "")).replace("\n", " ")
    return re.split(r"(?<=[.。:：])(?:\s|$)|(?<=[。：])", first)[0].rstrip(":：")
