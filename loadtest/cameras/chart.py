"""Charts as HTML: the marks in SVG, which stretches, and the labels as text, which does not.

A chart's data lie in 0..1 of its two axes. So every chart fits a phone and a wide screen, and
its labels keep their size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]
_WIDTH, _HEIGHT = 1000, 300


@dataclass(frozen=True)
class Axis:
    """An axis: the fraction 0..1 and the text of each label."""

    ticks: Sequence[tuple[float, str]]
    maximum: float


@dataclass(frozen=True)
class Series:
    """A line, or one kind of bar. ``colour`` is a CSS class. Where y is NaN, a line has a gap."""

    name: str
    colour: str
    points: Sequence[Point]


def linear(largest: float, unit: str = "", count: int = 4) -> Axis:
    """Return an axis from 0 to a round number not below ``largest``."""
    step = _round_step((largest or 1.0) / count)
    number = max(1, math.ceil((largest or 1.0) / step - 1e-9))
    ticks = [(n / number, f"{n * step:g}{unit}") for n in range(number + 1)]
    return Axis(ticks, number * step)


def exact(largest: float, unit: str, count: int = 6) -> Axis:
    """Return an axis from 0 to ``largest``, with labels at round numbers."""
    step = _round_step(largest / count)
    ticks = [(n * step / largest, f"{n * step:g}{unit}") for n in range(int(largest / step) + 1)]
    return Axis(ticks, largest)


def lines(series: Sequence[Series], x: Axis, y: Axis, label: str) -> str:
    """Return a chart with a line per series."""
    marks = "".join(
        f'<polyline class="{line.colour}" points="{_path(points, x, y)}"/>'
        for line in series
        for points in _unbroken(line.points)
    )
    return _figure(marks, series, x, y, label)


def bars(
    series: Sequence[Series],
    x: Axis,
    y: Axis,
    label: str,
    width: float,
    tip: Callable[[float], str],
) -> str:
    """Return a chart with stacked bars, ``width`` wide, from each x on. ``tip`` explains a bar."""
    marks, tops = [], dict[float, float]()
    for bar in series:
        for at, height in bar.points:
            base = tops.get(at, 0.0)
            tops[at] = base + height
            if height:
                marks.append(_bar(bar.colour, at, base, height, width, x, y, tip(at)))
    return _figure("".join(marks), series, x, y, label)


def _bar(
    colour: str, at: float, base: float, height: float, width: float, x: Axis, y: Axis, tip: str
) -> str:
    left, wide = _WIDTH * at / x.maximum, _WIDTH * width / x.maximum
    top = _HEIGHT * (1 - (base + height) / y.maximum)
    tall = _HEIGHT * height / y.maximum
    place = f'x="{left:.1f}" y="{top:.1f}" width="{wide * 0.9:.1f}" height="{tall:.1f}"'
    return f'<rect class="{colour}" {place}><title>{escape(tip)}</title></rect>'


def _unbroken(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the parts of a line between its gaps. A point on its own is a line to itself."""
    for known, part in itertools.groupby(points, lambda point: not math.isnan(point[1])):
        if known:
            run = list(part)
            yield run if len(run) > 1 else run * 2


def _path(points: Sequence[Point], x: Axis, y: Axis) -> str:
    return " ".join(
        f"{_WIDTH * across / x.maximum:.1f},{_HEIGHT * (1 - min(up / y.maximum, 1.0)):.1f}"
        for across, up in points
    )


def _figure(marks: str, series: Sequence[Series], x: Axis, y: Axis, label: str) -> str:
    grid = "".join(
        f'<line x1="0" x2="{_WIDTH}" y1="{_HEIGHT * (1 - at):.1f}" y2="{_HEIGHT * (1 - at):.1f}"/>'
        for at, _ in y.ticks
    )
    ups = "".join(f'<span style="bottom:{at:.2%}">{escape(text)}</span>' for at, text in y.ticks)
    acrosses = "".join(f'<span style="left:{at:.2%}">{escape(text)}</span>' for at, text in x.ticks)
    return (
        f'<div class="chart"><div class="y">{ups}</div>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}"><g class="grid">{grid}</g>{marks}</svg>'
        f'<div class="x">{acrosses}</div></div>{_legend(series)}'
    )


def _legend(series: Sequence[Series]) -> str:
    items = "".join(
        f'<li><i class="{entry.colour}"></i>{escape(entry.name)}</li>'
        for entry in series
        if entry.name
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def _round_step(step: float) -> float:
    """Return the smallest of 1, 2, 2.5 and 5 times a power of ten that is not below ``step``."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= step * (1 - 1e-9))
