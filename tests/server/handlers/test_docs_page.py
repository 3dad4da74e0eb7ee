"""The page at /docs in Chinese: every text of the documents and of the page has a translation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from server.handlers.pages import DOCS
from tests.server.handlers.documents import DOCUMENTS


def translations(name: str) -> dict[str, str]:
    """Return the object that a module exports."""
    script = (DOCS / name).read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(script[script.index("{") :].replace(",\n};\n", "}"))
    return found


CHINESE = translations("messages-zh.js") | translations("schemas-zh.js")
SHOWN = ("title", "summary", "description")


def texts(node: Any) -> Iterator[str]:
    """Yield every text for people in a document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in SHOWN and isinstance(value, str):
                yield value
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def page_texts() -> set[str]:
    """Return the English texts of the page itself."""
    html = (DOCS / "index.html").read_text(encoding="utf-8")
    script = "".join((DOCS / name).read_text(encoding="utf-8") for name in ("page.js", "schema.js"))
    marked = re.findall(r"<[^>]* data-text>([^<]+)<|<title>([^<]+)<|aria-label=\"([^\"]+)\"", html)
    said = re.findall(r"_?texts\.of\('([^']+)'|phrase\('([^']+)'|const text = '([^']+)'", script)
    heads = re.findall(r"_table\(\[([^\]]+)\]", script)
    titles = {title for head in heads for title in re.findall(r"'([^']+)'", head)}
    return {text for found in (*marked, *said) for text in found if text} | titles


DOCUMENTED = {text for document in DOCUMENTS.values() for text in texts(document)}


def test_every_text_has_a_translation_and_none_is_left_over() -> None:
    assert DOCUMENTED | page_texts() == CHINESE.keys()


@pytest.mark.parametrize("part", [r"`([^`]+)`", r"\{\w+\}", r"\b\d+\b"])
def test_translations_name_the_same_things(part: str) -> None:
    """Names in backticks, placeholders and numbers."""
    for english, chinese in CHINESE.items():
        in_english, in_chinese = (set(re.findall(part, text)) for text in (english, chinese))
        assert in_english == in_chinese, english


def test_translations_are_in_chinese() -> None:
    names = {"Framewire：WebSocket", "Framewire：HTTP"}
    for chinese in CHINESE.values():
        assert chinese in names or re.search("[一-鿿]|^\\[x0", chinese), chinese
