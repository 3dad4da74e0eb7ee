"""The comparison as one HTML page that needs nothing else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from html import escape
from importlib import resources

from export.verification.recorded.comparison import Difference, Result
from export.verification.recorded.drawing import drawn
from export.verification.recorded.limits import FEW, Limits
from export.verification.recorded.pictures import data_url, opened
from export.verification.recorded.selection import Selection
from framewire import reports

_BARS = 20
_MEASURES = {
    "detection": "IoU",
    "keypoints": "OKS",
    "segmentation": "IoU",
    "embedding": "cosine",
}


def page(
    version: str,
    chosen: Selection,
    result: Result,
    limits: Limits,
    violations: Sequence[str],
) -> str:
    """Return the page. ``violations``: the limits that ``version`` does not keep to."""
    count = result.agreement.frames
    return reports.page(
        f"{version} beside {chosen.model}/{chosen.version}",
        [
            f"{count} of {chosen.available} recorded answers of version {chosen.version}. This "
            "page contains recorded pictures: keep it as private as the recordings."
        ],
        [
            _verdict(violations),
            _tiles(result),
            _classes(result, limits),
            _charts(result),
            _pictures(version, chosen, result),
        ],
        resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8"),
    )


def _verdict(violations: Sequence[str]) -> str:
    if not violations:
        return '<p class="verdict good">All limits are kept.</p>'
    items = "".join(f"<li>{escape(one)}</li>" for one in violations)
    return f'<div class="verdict bad"><p>Refused</p><ul>{items}</ul></div>'


def _tiles(result: Result) -> str:
    agreement, total = result.agreement, result.agreement.total
    figures = {"agreement": _number(agreement.overall)}
    if total.objects or total.added:
        figures |= {"objects": str(total.objects), "missing": str(total.missing)}
        figures |= {"new": str(total.added)}
    figures |= {_similarity(result): _number(agreement.similarity)}
    figures |= {"score shift": _number(agreement.shift, "+.3f")}
    figures |= {"call, one frame": _ms(result.call_ms), "baseline's": _ms(result.baseline_ms)}
    figures |= {"recorded calls": _ms(result.recorded_ms)}
    return reports.tiles({name: value for name, value in figures.items() if value})


def _classes(result: Result, limits: Limits) -> str:
    tallies = result.agreement.tallies
    if not tallies:
        return ""
    rows = "".join(
        f'<tr class="{_row_kind(tally.objects, tally.agreement, limits)}"><td>{escape(name)}</td>'
        f"<td class=n>{tally.objects}</td><td class=n>{tally.missing}</td>"
        f"<td class=n>{tally.added}</td><td class=n>{tally.agreement:.3f}</td>"
        f"<td>{escape(result.agreement.confusion(name) or '')}</td></tr>"
        for name, tally in sorted(tallies.items(), key=lambda entry: entry[1].agreement)
    )
    return reports.section(
        "By class",
        "The worst class first. An object that only the recorded answer has is missing, one that "
        "only this version has is new. Agreement is the share of objects that both have (Dice). "
        f"Classes with fewer than {FEW} objects are gray, and have no limit.",
        '<div class="scroll"><table><thead><tr>'
        "<th>class<th class=n>recorded<th class=n>missing<th class=n>new<th class=n>agreement"
        f"<th>most often taken for</tr></thead><tbody>{rows}</tbody></table></div>",
    )


def _similarity(result: Result) -> str:
    measure = _MEASURES.get(result.task)
    return f"similarity ({measure})" if measure else "similarity"


def _row_kind(objects: int, share: float, limits: Limits) -> str:
    if objects < FEW:
        return "few"
    return "bad" if share < limits.thresholds.min_class_agreement else ""


def _charts(result: Result) -> str:
    charts = [
        _bars(f"S{_similarity(result)[1:]}", result.agreement.similarities, 0.5, 1.0),
        _bars("Change of scores", result.agreement.shifts, -0.5, 0.5),
    ]
    shown = "".join(charts)
    if not shown:
        return ""
    reading = "The further right a bar, the better the places fit, and the higher the new scores."
    return f'<section><p class="reading">{reading}</p><div class="charts">{shown}</div></section>'


def _bars(title: str, values: Sequence[float], low: float, high: float) -> str:
    """Return a histogram; values beyond its ends are in the outermost bars."""
    if not values:
        return ""
    counts = [0] * _BARS
    for value in values:
        place = int((value - low) / (high - low) * _BARS)
        counts[min(max(place, 0), _BARS - 1)] += 1
    most = max(counts)
    bars = "".join(
        f'<i style="height:{100 * count / most:.1f}%" title="{count}"></i>' for count in counts
    )
    scale = f"<span>{low:g}</span><span>{(low + high) / 2:g}</span><span>{high:g}</span>"
    return (
        f'<div><h2>{title}</h2><div class="bars">{bars}</div><div class="scale">{scale}</div></div>'
    )


def _pictures(version: str, chosen: Selection, result: Result) -> str:
    if not result.worst:
        return ""
    recorded = f"{chosen.model}/{chosen.version}, recorded"
    pairs = "".join(_pair(one, recorded, version) for one in result.worst)
    return reports.section(
        "Where they differ most",
        "What has no counterpart on the other side is red and dashed.",
        pairs,
    )


def _pair(one: Difference, recorded: str, version: str) -> str:
    comparison = one.comparison
    figures = f"agreement {comparison.agreement:.2f}"
    if comparison.similarities:
        figures += f", similarity {statistics.fmean(comparison.similarities):.2f}"
    if comparison.shifts:
        figures += f", scores {statistics.fmean(comparison.shifts):+.2f}"
    name = f"Session {one.frame.session.id}, frame {one.frame.id}"
    return (
        f'<div class="pair"><p>{escape(name)}: {figures}</p>'
        f'<div class="sides">{_side(one, recorded, True)}{_side(one, version, False)}</div></div>'
    )


def _side(one: Difference, caption: str, before: bool) -> str:
    answer = one.before if before else one.after
    alone = one.comparison.missing if before else one.comparison.added
    try:
        picture = data_url(opened(one.frame))
    except Exception:  # a decoder can raise anything on broken data
        return f"<figure><figcaption>{escape(caption)}: unreadable picture</figcaption></figure>"
    shown = f'<div class="picture"><img src="{picture}" alt=""></div>'
    if answer is None:
        caption += ": an error instead of an answer"
    else:
        try:
            shown = drawn(picture, answer, alone)
        except (LookupError, TypeError, ValueError):
            caption += ": a malformed answer"
    return f"<figure><figcaption>{escape(caption)}</figcaption>{shown}</figure>"


def _number(value: float, form: str = ".3f") -> str:
    return "" if math.isnan(value) else format(value, form)


def _ms(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.1f} ms"
