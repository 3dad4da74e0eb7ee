"""The pages of docs/ in each language, and where their links lead within the site.

Pages are written for whoever reads them in the repository: a Chinese page is
``docs/NAME.zh-CN.md`` and links to Chinese pages, and both kinds link to files outside docs/.
The site has the same pages under the same addresses, in a folder for each language, and takes
copies of those files along.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ENGLISH, CHINESE = "en", "zh-CN"
SUFFIX = f".{CHINESE}.md"
FILES = "files"
"""The site's folder for files of the repository that pages link to."""

_FENCE = re.compile(r"(^ *```.*?^ *```$|^ {4}[^\n]*$)", re.M | re.S)
_NAMED = re.compile(r"\[(docs/)?([\w-]+\.md)\](?=\([\w.-]+\.md[)#])")
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_SWITCH = re.compile(r"^\[(?:English|简体中文)\]\([^)]+\)\n+", re.M)
_FLAG = re.compile(r"<code>(--?[\w-]{1,30})</code>")
_NUMBERED = re.compile(r"\d+\. ")
_READMES = ("README.md", "README.zh-CN.md")


def names(locale: str) -> list[str]:
    """Return the names of the pages that exist in a language, such as ``protocol.md``."""
    chinese = {path.name.replace(SUFFIX, ".md") for path in DOCS.glob(f"*{SUFFIX}")}
    every = {path.name for path in DOCS.glob("*.md") if not path.name.endswith(SUFFIX)}
    return sorted(every & chinese if locale == CHINESE else every)


def source(name: str, locale: str) -> Path:
    """Return the file of a page in a language."""
    return DOCS / (name.removesuffix(".md") + SUFFIX if locale == CHINESE else name)


def for_site(text: str, locale: str) -> str:
    """Return a page as the site shows it.

    It has no switch of language of its own, links are adapted, and a link whose text is the
    name of a page has the page's title instead.
    """
    titled = _NAMED.sub(lambda link: f"[{title(link[2], locale)}]", _SWITCH.sub("", text, count=1))
    return replace_links(titled, in_site)


@cache
def title(name: str, locale: str) -> str:
    """Return the heading of a page."""
    text = source(name, locale).read_text(encoding="utf-8")
    heading = re.search(r"^# (.+)$", text, re.M)
    return heading[1] if heading else name


def in_site(target: str) -> str:
    """Return where a link of a page leads in the site.

    >>> in_site("operations.zh-CN.md#安装"), in_site("../deploy/nginx.conf")
    ('operations.md#安装', 'files/deploy/nginx.conf')
    """
    path, mark, anchor = target.partition("#")
    if _is_elsewhere(target) or not path:
        return target
    if not path.startswith("../"):
        return path.replace(SUFFIX, ".md") + mark + anchor
    path = path.removeprefix("../").rstrip("/")
    if path in _READMES:
        return "index.md"
    return f"{FILES}/{path}" + (".md" if (ROOT / path).is_dir() else "") + mark + anchor


def in_file(target: str, file: str) -> str:
    """Return where a link of a file that the site takes along leads: to a page, if it is one.

    >>> in_file("../docs/protocol.md#frame", "static/README.md")
    '../../protocol.md#frame'
    """
    path, mark, anchor = target.partition("#")
    linked = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
    is_page = linked in _READMES or posixpath.dirname(linked) == "docs"
    if _is_elsewhere(target) or not path or not is_page:
        return target
    page = "index.md" if linked in _READMES else in_site(posixpath.basename(linked))
    return "../" * (file.count("/") + 1) + page + mark + anchor


def outside(text: str) -> Iterator[PurePosixPath]:
    """Yield the files and folders of the repository, outside docs/, that a page links to."""
    for target in links(text):
        path = target.partition("#")[0]
        if path.startswith("../") and path.removeprefix("../") not in _READMES:
            yield PurePosixPath(path.removeprefix("../").rstrip("/"))


def links(text: str) -> list[str]:
    """Return the targets of all links and pictures outside code, in order."""
    found: list[str] = []

    def note(target: str) -> str:
        found.append(target)
        return target

    replace_links(text, note)
    return found


def replace_links(text: str, replacement: Callable[[str], str]) -> str:
    """Return ``text`` with ``replacement(target)`` for each link's target, code left as it is."""
    prose = _FENCE.split(text)
    for index in range(0, len(prose), 2):
        prose[index] = _LINK.sub(lambda m: m[1] + replacement(m[2]) + m[3], prose[index])
    return "".join(prose)


def with_nested_content(text: str) -> str:
    """Set off what belongs to a numbered item as Python-Markdown needs it, or the list ends there.

    It takes four spaces, and an empty line before the next item. Repository hosts do with the
    three spaces of the item's text.
    """
    lines: list[str] = []
    fenced = nested = False
    for line in text.split("\n"):
        if line.startswith("```"):
            fenced, nested = not fenced, False
        elif line and not fenced and not line.startswith("   "):
            numbered = _NUMBERED.match(line) is not None
            if nested and numbered and lines[-1].startswith("    "):
                lines.append("")
            nested = numbered
        lines.append(f" {line}" if nested and line.startswith("   ") else line)
    return "\n".join(lines)


def with_whole_flags(html: str) -> str:
    """Mark each flag, so that no line ends between its dashes. Long values may be broken."""
    return _FLAG.sub(r'<code class="whole">\1</code>', html)


def _is_elsewhere(target: str) -> bool:
    return re.match(r"[a-z]+:", target) is not None
