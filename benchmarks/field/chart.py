"""Bar charts of the comparison as SVG, for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; font-size: 14px; } .note { fill: #656d76; font-size: 12px; }
rect { fill: #9aa4b2; } .ours { fill: #1a7f5a; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .note { fill: #9198a1; } rect { fill: #6b7683; } .ours { fill: #3fb68b; }
}
""".strip()
_NAME, _BAR, _VALUE = 92, 250, 84
_ROW, _HEAD, _GAP = 24, 52, 20
WIDTH = _NAME + _BAR + _VALUE


@dataclass(frozen=True)
class Bar:
    """A value and its text. ``ours``: the bar stands out."""

    name: str
    value: float
    text: str
    ours: bool = False


@dataclass(frozen=True)
class Panel:
    """A group of bars with a common scale, from 0 to the largest value."""

    title: str
    note: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        """The height in pixels."""
        return _HEAD + _ROW * len(self.bars)


def svg(panels: Sequence[Panel], columns: int, label: str) -> str:
    """Return the panels side by side, ``columns`` in a row. ``label`` says what they show."""
    rows = math.ceil(len(panels) / columns)
    across = columns * (WIDTH + _GAP) - _GAP
    down = rows * (max(panel.height for panel in panels) + _GAP) - _GAP
    parts = [_panel(panel, *_place(number, panel, columns)) for number, panel in enumerate(panels)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across} {down}" width="{across}" '
        f'height="{down}" role="img" aria-label="{escape(label)}">\n<style>{_STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _place(number: int, panel: Panel, columns: int) -> tuple[int, int]:
    row, column = divmod(number, columns)
    return column * (WIDTH + _GAP), row * (panel.height + _GAP)


def _panel(panel: Panel, left: int, top: int) -> str:
    largest = max((bar.value for bar in panel.bars if math.isfinite(bar.value)), default=0.0)
    lines = [
        f'<g transform="translate({left} {top})">',
        f'<text class="title" x="0" y="16">{escape(panel.title)}</text>',
        f'<text class="note" x="0" y="34">{escape(panel.note)}</text>',
        *(_bar(bar, _HEAD + _ROW * row, largest) for row, bar in enumerate(panel.bars)),
        "</g>",
    ]
    return "\n".join(lines)


def _bar(bar: Bar, top: int, largest: float) -> str:
    share = bar.value / largest if largest and math.isfinite(bar.value) else 0.0
    length = round(_BAR * share, 1)
    kind = ' class="ours"' if bar.ours else ""
    return (
        f'<text x="{_NAME - 8}" y="{top + 13}" text-anchor="end">{escape(bar.name)}</text>'
        f'<rect{kind} x="{_NAME}" y="{top}" width="{length}" height="17" rx="2"/>'
        f'<text x="{_NAME + length + 6}" y="{top + 13}">{escape(bar.text)}</text>'
    )
