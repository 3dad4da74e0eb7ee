"""Runs a version over recorded frames, and compares its answers with the recorded ones."""

from __future__ import annotations

import heapq
import itertools
import math
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import BYTES
from export.errors import SourceError, reason_of
from export.verification.golden import Row
from export.verification.loaded_version import LoadedVersion
from export.verification.recorded.answers import answer
from export.verification.recorded.pictures import encoded
from export.verification.recorded.selection import Selection
from framewire.agreement import Agreement, Answer, Comparison, Cut, compare
from framewire.recording import RecordedFrame

BATCH = 16
TIMED = 40
WORST = 24
VISIBLE = 0.01
FAILED = Comparison(0.0)


@dataclass(frozen=True)
class Difference:
    """A frame with its recorded answer, and the one of the version; None: it gave an error."""

    frame: RecordedFrame
    before: Answer
    after: Answer | None
    comparison: Comparison


@dataclass
class Result:
    """What the comparison found for a ``task``.

    ``worst`` are the frames that differ most. ``failures`` counts frames that the version cannot
    answer, by the reason. Times are medians in ms: ``recorded_ms`` of the recorded Predict calls,
    ``call_ms`` and ``baseline_ms`` of calls with one frame in this process.
    """

    task: str
    agreement: Agreement = field(default_factory=Agreement)
    worst: list[Difference] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    recorded_ms: float = math.nan
    call_ms: float = math.nan
    baseline_ms: float = math.nan

    @property
    def slowdown(self) -> float:
        """How many times as long as the baseline's a call takes; NaN without one."""
        return self.call_ms / self.baseline_ms


def run(
    selection: Selection,
    version: LoadedVersion,
    description: dict[str, Any],
    baseline: LoadedVersion | None = None,
) -> Result:
    """Compare all selected frames. The baseline is only timed."""
    result, inference = Result(description["task"]), []
    differences: list[tuple[float, int, Difference]] = []
    first: list[bytes] = []
    for number, (frame, picture, row) in enumerate(_answers(selection, version)):
        if len(first) < TIMED and not isinstance(row, str):
            first.append(picture)
        inference.append(_inference_ms(frame))
        difference = _compare(frame, row, description)
        if isinstance(row, str):
            result.failures[row] = result.failures.get(row, 0) + 1
        result.agreement.add(difference.comparison)
        keep = difference.comparison.difference, -number, difference
        (heapq.heappush if len(differences) < WORST else heapq.heappushpop)(differences, keep)
    result.worst = [one for size, _, one in sorted(differences, reverse=True) if size >= VISIBLE]
    result.recorded_ms = statistics.median(inference)
    result.call_ms, result.baseline_ms = _times(first, version, baseline)
    return result


def _inference_ms(frame: RecordedFrame) -> float:
    timing = (frame.result or {}).get("timing_ms") or {}
    return float(timing.get("inference", math.nan))


def _compare(frame: RecordedFrame, row: Row | str, description: dict[str, Any]) -> Difference:
    before = Answer(frame.result or {}, frame.session.labels)
    if isinstance(row, str):
        return Difference(frame, before, None, FAILED)
    after = answer(row, description)
    try:
        cut = Cut.of(frame.session.options)
        return Difference(frame, before, after, compare(before, after, cut))
    except (TypeError, ValueError) as error:
        raise SourceError(f"{frame.place}: the result is malformed: {error}") from None


def _answers(
    selection: Selection, version: LoadedVersion
) -> Iterator[tuple[RecordedFrame, bytes, Row | str]]:
    """Yield each frame, its picture and the version's answer, or why there is none."""
    size = version.batch_size(BYTES) or BATCH
    frames = selection.frames()
    while group := list(itertools.islice(frames, size)):
        pictures = [_picture(frame) for frame in group]
        rows = _rows(version, pictures, size)
        yield from zip(group, pictures, rows, strict=True)


def _picture(frame: RecordedFrame) -> bytes:
    try:
        return encoded(frame)
    except Exception:  # a decoder can raise anything on broken data
        return b""  # which the version rejects


def _rows(version: LoadedVersion, pictures: Sequence[bytes], size: int) -> list[Row | str]:
    """Return the answers of a batch; if it fails, those of each picture."""
    try:
        return list(_call(version, pictures, size))
    except (tf.errors.OpError, ValueError) as error:
        if len(pictures) == 1:
            return [reason_of(error)]
    return [row for one in pictures for row in _rows(version, [one], size)]


def _call(version: LoadedVersion, pictures: Sequence[bytes], size: int) -> list[Row]:
    fixed = version.batch_size(BYTES)
    batch = np.empty(size if fixed else len(pictures), object)
    batch[:] = [pictures[number % len(pictures)] for number in range(len(batch))]
    return version.answer(BYTES, batch)[: len(pictures)]


def _call_timed(version: LoadedVersion, picture: bytes) -> None:
    """Call a version with a picture that the other one has answered. Raise ``SourceError``."""
    try:
        _call(version, [picture], 1)
    except (tf.errors.OpError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"the baseline does not answer this: {reason_of(error)}") from None


def _times(
    pictures: Sequence[bytes], version: LoadedVersion, baseline: LoadedVersion | None
) -> tuple[float, float]:
    """Return the median time of a call with one frame in ms, in turns with the baseline's."""
    versions = [version] if baseline is None else [version, baseline]
    times: list[list[float]] = [[] for _ in versions]
    for picture in [*pictures[:1], *pictures]:  # the first call of all also prepares
        for one, taken in zip(versions, times, strict=True):
            began = time.perf_counter()
            _call_timed(one, picture)
            taken.append((time.perf_counter() - began) * 1000)
    medians = [statistics.median(taken[1:]) if taken[1:] else math.nan for taken in times]
    return medians[0], medians[1] if baseline is not None else math.nan
