"""A report as one HTML page: it can be mailed, or kept as an artifact of a build."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<main>
<header>
<h1>{title}</h1>
{lines}
</header>
{parts}
</main>
</body>
</html>
"""


def page(title: str, lines: Sequence[str], parts: Iterable[str], style: str) -> str:
    """Return the page: a title, ``lines`` of text below it, and ``parts`` in HTML.

    ``style`` is CSS for what the shell does not have.
    """
    shell = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    return _PAGE.format(
        title=escape(title),
        style=f"{shell}\n{style}",
        lines="\n".join(f"<p>{escape(line)}</p>" for line in lines),
        parts="\n".join(part for part in parts if part),
    )


def tiles(figures: Mapping[str, str]) -> str:
    """Return the most important figures, by their names."""
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in figures.items()
    )
    return f'<dl class="tiles">{tiles}</dl>'


def section(title: str, reading: str, html: str) -> str:
    """Return a part of the page; ``reading`` says how to read what it shows."""
    return (
        f'<section><h2>{escape(title)}</h2><p class="reading">{escape(reading)}</p>{html}</section>'
    )
