"""What MkDocs calls while it builds one language: which files the site has, and their text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

# MkDocs loads this file by its path, so the project may not be importable yet.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from website import pages, reference
from website.pages import CHINESE, ENGLISH, ROOT


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Choose the pages of this language, and add the files outside docs/ that they link to."""
    locale = config.extra["locale"]
    files.append(_unlisted(config, "img/logo.svg", abs_src_path=str(ROOT / "static/favicon.svg")))
    for page in [file for file in files if file.is_documentation_page()]:
        files.remove(page)
    for name in pages.names(locale):
        path = pages.source(name, locale)
        files.append(File.generated(config, name, abs_src_path=str(path)))
        for linked in pages.outside(path.read_text(encoding="utf-8")):
            _add(files, config, linked.as_posix())
    return files


def _add(files: Files, config: MkDocsConfig, linked: str) -> None:
    """Add a file, or a folder as a page that lists its files."""
    address = f"{pages.FILES}/{linked}"
    if files.get_file_from_path(address) or files.get_file_from_path(f"{address}.md"):
        return
    path = ROOT / linked
    if not path.is_dir():
        files.append(_unlisted(config, address, abs_src_path=str(path)))
        return
    inside = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    for name in inside:
        files.append(_unlisted(config, f"{address}/{name}", abs_src_path=str(path / name)))
    listing = [f"# {linked}/", "", *(f"- [{name}]({path.name}/{name})" for name in inside), ""]
    files.append(_unlisted(config, f"{address}.md", content="\n".join(listing)))


def _unlisted(config: MkDocsConfig, address: str, **content: str) -> File:
    options: dict[str, Any] = {"inclusion": InclusionLevel.NOT_IN_NAV, **content}
    return File.generated(config, address, **options)


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Translate the names of sections and of titled pages."""
    translations = config.extra.get("sections", {})
    for item in nav.items:
        if isinstance(item, Section | Page) and item.title in translations:
            item.title = translations[item.title]
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Adapt links to the site, and fill in what is generated."""
    if page.file.src_uri.startswith(f"{pages.FILES}/"):
        file = page.file.src_uri.removeprefix(f"{pages.FILES}/")
        return pages.replace_links(markdown, lambda target: pages.in_file(target, file))
    locale = config.extra["locale"]
    text = pages.with_nested_content(pages.for_site(markdown, locale))
    return reference.fill_in(text, locale)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Name the search's dialog, make empty headings of tables plain cells, keep flags whole."""
    dialog = 'data-md-component="search" role="dialog"'
    named = output.replace(dialog, f'{dialog} aria-label="{config.extra["search"]}"')
    return pages.with_whole_flags(named.replace("<th></th>", "<td></td>"))


def on_page_context(context: Any, page: Page, config: MkDocsConfig, nav: Navigation) -> Any:
    """Let the switch of language lead to the same page; files have only one."""
    if page.file.src_uri.startswith(f"{pages.FILES}/"):
        config.extra["alternate"] = []
        return context
    chinese = config.extra["locale"] == CHINESE
    english_root, chinese_root = ("../", "") if chinese else ("", f"{CHINESE}/")
    config.extra["alternate"] = [
        {"name": "English", "lang": ENGLISH, "link": english_root + page.url},
        {"name": "简体中文", "lang": CHINESE, "link": chinese_root + page.url},
    ]
    return context
