"""What the site makes of the pages: links, generated parts, llms.txt, and its own check."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import markdown
import pytest

from server.settings.table import Settings
from tests.conftest import ROOT
from tests.website import languages
from website import llms, pages, reference
from website.check import faults

CONFIGURATION = (ROOT / "website" / "mkdocs.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "in_site"),
    [
        ("operations.md#install", "operations.md#install"),
        ("operations.zh-CN.md#安装", "operations.md#安装"),
        ("../README.zh-CN.md", "index.md"),
        ("../deploy/nginx.conf", "files/deploy/nginx.conf"),
        ("../deploy/kubernetes", "files/deploy/kubernetes.md"),
        ("#tokens", "#tokens"),
        ("https://msgpack.org", "https://msgpack.org"),
    ],
)
def test_links_lead_to_the_same_place_in_the_site(target: str, in_site: str) -> None:
    assert pages.in_site(target) == in_site


@pytest.mark.parametrize(
    ("target", "in_site"),
    [
        ("../../README.md", "../../../index.md"),
        ("../../docs/protocol.md#frame", "../../../protocol.md#frame"),
        ("../client/README.md", "../client/README.md"),
        ("#events", "#events"),
        ("https://msgpack.org", "https://msgpack.org"),
    ],
)
def test_links_of_other_files_lead_to_the_pages(target: str, in_site: str) -> None:
    assert pages.in_file(target, "static/element/README.md") == in_site


def test_code_is_left_as_it_is() -> None:
    text = "# A\n\n[English](a.md)\n\n[b](b.zh-CN.md)\n\n```\n[b](b.zh-CN.md)\n```\n"
    assert pages.for_site(text, pages.ENGLISH) == "# A\n\n[b](b.md)\n\n```\n[b](b.zh-CN.md)\n```\n"


def test_a_numbered_list_goes_on_after_what_belongs_to_an_item() -> None:
    text = (
        "1. A\n\n   ```\n   a\n     b\n   ```\n\n   a\n2. B\n\nC\n\n   c\n\n```\n1. d\n   e\n```\n"
    )
    shown = markdown.markdown(pages.with_nested_content(text), extensions=["pymdownx.superfences"])
    assert (shown.count("<ol>"), shown.count("<li>")) == (1, 2)
    assert shown.index("B</p>") < shown.index("</ol>") < shown.index("<p>C")
    assert "<code>a\n  b\n</code>" in shown
    assert "<code>1. d\n   e\n</code>" in shown


def test_flags_are_not_broken_between_lines() -> None:
    """Long values and commands may be; a phone's screen is narrower than they are."""
    assert pages.with_whole_flags("<code>--inputs</code>") == '<code class="whole">--inputs</code>'
    for kept in ("<code>--outputs NAME=TENSOR</code>", f"<code>--{'long-' * 8}</code>"):
        assert pages.with_whole_flags(kept) == kept


def test_links_have_the_titles_of_pages() -> None:
    text = "see [security.md](security.zh-CN.md#令牌), [keys](security.zh-CN.md)"
    assert (
        pages.for_site(text, pages.CHINESE) == "see [安全](security.md#令牌), [keys](security.md)"
    )


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"- (?:[\w -]+: )?([\w-]+\.md)$", CONFIGURATION, re.M)
    assert sorted(listed) == pages.names(pages.ENGLISH)


def test_every_section_of_the_navigation_has_a_chinese_name() -> None:
    chinese = (ROOT / "website" / "mkdocs.zh-CN.yml").read_text(encoding="utf-8")
    navigation = CONFIGURATION.partition("\nnav:\n")[2]
    for name in re.findall(r"^  - ([\w -]+):", navigation, re.M):
        assert f"    {name}: " in chinese, name


def test_the_reference_has_every_setting_and_every_metric() -> None:
    settings = reference.fill_in("<!-- generated: settings -->", pages.ENGLISH)
    for row in fields(Settings):
        assert f"| `{row.name}`<br>" in settings
    metrics = set(
        re.findall(
            r"`(framewire_\w+)`", reference.fill_in("<!-- generated: metrics -->", pages.ENGLISH)
        )
    )
    explained = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert len(metrics) > 25
    for name in metrics:
        assert f"`{name}`" in explained


@pytest.mark.parametrize("part", ["settings", "metrics"])
def test_each_row_of_the_reference_has_a_meaning_in_the_page_s_language(part: str) -> None:
    """In Chinese that of the page about it, with links that lead there."""
    english, chinese = (
        reference.fill_in(f"<!-- generated: {part} -->", locale).splitlines()
        for locale in (pages.ENGLISH, pages.CHINESE)
    )
    assert len(english) == len(chinese) > 30
    rows = [row for row in chinese if row.startswith("| `")]
    for row, counterpart in zip(rows, [r for r in english if r.startswith("| `")], strict=True):
        meaning = row.rsplit(" | ", 1)[1]
        assert re.search(r"[一-鿿]|^`", meaning), row
        assert row.split(" | ")[0] == counterpart.split(" | ")[0]
        assert len(counterpart.rsplit(" | ", 1)[1]) > 8, counterpart
        assert "](#" not in meaning
        assert ".zh-CN" not in meaning


def test_the_reference_has_what_a_command_prints() -> None:
    part = reference.fill_in(
        "## serve\n\n<!-- generated: help framewire serve -->\n", pages.ENGLISH
    )
    assert "\n```text\nusage: framewire serve " in part
    assert "--max-batch" in part


def test_a_part_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(KeyError):
        reference.fill_in("<!-- generated: nothing -->", pages.ENGLISH)


def test_llms_txt_describes_each_page() -> None:
    for page in languages.english_pages()[1:]:
        for version in (page, languages.chinese(page)):
            sentence = llms.summary(version.read_text(encoding="utf-8"))
            assert 8 < len(sentence) < 400, (version.name, sentence)
            assert not re.search(r"[`\[]|\n", sentence), (version.name, sentence)


def test_a_summary_is_prose_alone() -> None:
    text = "# A\n\n[简体中文](a.md)\n\n```\ncode\n```\n\nIt [does](b.md) `this`: more.\n"
    assert llms.summary(text) == "It does this: more."


def test_the_check_finds_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text('<h2 id="here">B</h2>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here">fine</a> <a href="b.html#gone">x</a> <a href="c.html">x</a>'
        '<a href="https://example.org/">fine</a> <img src="https://example.org/a.png">'
    )
    assert faults(tmp_path) == [
        "a.html: link b.html#gone: there is no such heading",
        "a.html: link c.html: there is no such file",
        "a.html: loads https://example.org/a.png from another host",
    ]
