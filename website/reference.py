"""The parts of the reference that the code itself provides: settings, metrics, ``--help``.

A page has ``<!-- generated: NAME -->`` where a part goes. The parts are filled in when the site is
built, so they cannot be out of date, and no page has to be committed again with each change of a
help text. The code speaks English; in Chinese, a setting or a metric has the meaning that the page
about it gives in its table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import Field, fields
from functools import cache
from typing import Any

from server.runtime.histogram import Distribution
from server.runtime.metrics import StatisticsCollector
from server.runtime.statistics import Statistics
from server.settings.commandline import flag_of
from server.settings.table import PREFIX, Settings
from website import pages
from website.pages import CHINESE, ENGLISH

_MARK = re.compile(r"^<!-- generated: (.+?) -->$", re.M)
COLUMNS = 100


def fill_in(text: str, locale: str) -> str:
    """Return a page with its generated parts. Raises KeyError for a part that does not exist."""
    return _MARK.sub(lambda mark: _part(mark[1], locale), text)


def _part(name: str, locale: str) -> str:
    if name.startswith("help "):
        return f"```text\n{_help(name.removeprefix('help '))}```"
    table = _table(HEADS[name, locale], PARTS[name](locale))
    return f'<div class="generated" markdown>\n\n{table}\n\n</div>'


@cache
def _help(command: str) -> str:
    """Return what ``framewire COMMAND --help`` prints on a terminal of 100 columns."""
    words = [sys.executable, "-m", *command.split(), "--help"]
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "HOME": "/home/me"}
    return subprocess.run(
        words, env=environment, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def _settings(locale: str) -> Iterator[Iterable[str]]:
    chinese = meanings("configuration.md", locale)
    for row in fields(Settings):
        help_text = re.sub(r"([|<])", r"\\\1", row.metadata["help"])
        meaning = help_text if locale == ENGLISH else chinese[row.name]
        yield (*_setting(row), meaning)


def _setting(row: Field[Any]) -> Iterator[str]:
    flag = "" if row.metadata["secret"] else f"`{flag_of(row.name)}`<br>"
    yield f"`{row.name}`<br>{flag}`{PREFIX}{row.name.upper()}`"
    low, high = row.metadata["low"], row.metadata["high"]
    bounds = "" if low is None and high is None else f"<br>{_bound(low)} … {_bound(high)}"
    yield ("" if row.default == "" else f"`{row.default}`") + bounds


def _bound(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _metrics(locale: str) -> Iterator[Iterable[str]]:
    chinese = meanings("operations.md", locale)
    for family in StatisticsCollector(_nothing_yet).collect():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = " ".join(f"`{label}`" for label in vars(family)["_labelnames"])
        meaning = family.documentation if locale == ENGLISH else chinese[name]
        yield f"`{name}`", family.type, labels, meaning


@cache
def meanings(page: str, locale: str) -> dict[str, str]:
    """Return what the tables of a page say about each name: the last cell, with links from here."""
    text = pages.source(page, locale).read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*? \| ((?:[^|]|\\\|)+) \|$", text, re.M)

    def from_here(target: str) -> str:
        return page + target if target.startswith("#") else pages.in_site(target)

    return {name: pages.replace_links(meaning, from_here) for name, meaning in rows}


def _nothing_yet() -> Statistics:
    """Return the statistics of a gateway that has just started."""
    return Statistics(**{row.name: _empty(str(row.type)) for row in fields(Statistics)})


def _empty(annotation: str) -> Any:
    kind = annotation.partition("[")[0]
    return {"Sequence": (), "Mapping": {}, "Distribution": Distribution((), (0,), 0.0)}.get(kind, 0)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), *map(tuple, rows)]
    lines.insert(1, ("---",) * len(lines[0]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


PARTS: dict[str, Callable[[str], Iterator[Iterable[str]]]] = {
    "settings": _settings,
    "metrics": _metrics,
}
HEADS = {
    ("settings", ENGLISH): ("setting", "default and range", "meaning"),
    ("settings", CHINESE): ("设置项", "默认值和范围", "含义"),
    ("metrics", ENGLISH): ("metric", "type", "labels", "meaning"),
    ("metrics", CHINESE): ("指标", "类型", "标签", "含义"),
}
