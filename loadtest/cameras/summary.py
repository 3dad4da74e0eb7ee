"""What became of the frames that count, in figures. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from loadtest.cameras.recording import RESULT, Recording
from loadtest.measure import percentile

SLICES = 120
LEAST_SLICES = 10
CURVE = (0, 10, 25, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.9, 99.99, 100)


@dataclass
class Slice:
    """The frames captured from ``at`` on, in seconds after frames began to count.

    ``ages_ms`` are those of the frames with a result.
    """

    at: float
    outcomes: Counter[str] = field(default_factory=Counter)
    ages_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Summary:
    """All frames captured within ``seconds``.

    ``ages_ms``: from capture to result, sorted. ``calls``: the number of Predict calls by the
    number of their frames. ``queue_ms``, ``inference_ms`` and ``other_ms`` are medians of where
    the time of a result went: in the gateway's queue, in the Predict call, and otherwise (the
    network, both ends of it, and frames held back by the camera). ``width_s`` is that of a slice.
    """

    seconds: float
    sent: int
    outcomes: Mapping[str, int]
    ages_ms: Sequence[float]
    calls: Mapping[int, float]
    queue_ms: float
    inference_ms: float
    other_ms: float
    slices: Sequence[Slice]
    width_s: float

    @property
    def captured(self) -> int:
        """All frames."""
        return sum(self.outcomes.values())

    @property
    def answered(self) -> float:
        """The fraction of all frames that got a result."""
        return self.outcomes.get(RESULT, 0) / self.captured if self.captured else math.nan

    @property
    def failed(self) -> float:
        """The fraction of all frames whose outcome was an error."""
        errors = sum(n for name, n in self.outcomes.items() if name.startswith("error "))
        return errors / self.captured if self.captured else math.nan

    @property
    def frames_per_s(self) -> float:
        """Results per second."""
        return self.outcomes.get(RESULT, 0) / self.seconds

    @property
    def mean_batch(self) -> float:
        """The mean number of frames in a Predict call."""
        calls = sum(self.calls.values())
        return sum(size * count for size, count in self.calls.items()) / calls if calls else 0.0

    def age_ms(self, percent: float) -> float:
        """Return a percentile of the ages; NaN without results."""
        return percentile(self.ages_ms, percent / 100)

    def curve(self) -> list[tuple[float, float]]:
        """Return the distribution of the ages: percentages, and the ages that they do not exceed.

        It ends where fewer than one frame would lie beyond.
        """
        shown = [p for p in CURVE if p == 100 or (100 - p) / 100 * len(self.ages_ms) >= 1]
        return [(percent, self.age_ms(percent)) for percent in shown] if self.ages_ms else []


def summarize(recording: Recording, since_s: float, until_s: float) -> Summary:
    """Return the figures of the frames captured in this span, in seconds after the start."""
    rows = [row for row, at in enumerate(recording.captured) if since_s <= at < until_s]
    results = [row for row in rows if recording.name(row) == RESULT]
    seconds = until_s - since_s
    width_s = seconds / min(SLICES, max(LEAST_SLICES, int(seconds)))
    return Summary(
        seconds,
        sum(not math.isnan(recording.sent[row]) for row in rows),
        Counter(recording.name(row) for row in rows),
        sorted(recording.age_ms(row) for row in results),
        _calls(recording.batch[row] for row in results),
        percentile([recording.queue_ms[row] for row in results], 0.5),
        percentile([recording.inference_ms[row] for row in results], 0.5),
        percentile([_other_ms(recording, row) for row in results], 0.5),
        _slices(recording, rows, since_s, seconds, width_s),
        width_s,
    )


def _calls(sizes: Iterable[int]) -> dict[int, float]:
    """Every frame reports the size of its batch, so a batch of n is reported n times."""
    return {size: count / size for size, count in sorted(Counter(sizes).items()) if size}


def _other_ms(recording: Recording, row: int) -> float:
    inside = recording.queue_ms[row] + recording.inference_ms[row]
    return max(0.0, recording.age_ms(row) - inside)


def _slices(
    recording: Recording, rows: Sequence[int], since_s: float, seconds: float, width_s: float
) -> list[Slice]:
    slices = [Slice(number * width_s) for number in range(round(seconds / width_s))]
    for row in rows:
        number = int((recording.captured[row] - since_s) / width_s)
        part = slices[min(number, len(slices) - 1)]
        part.outcomes[recording.name(row)] += 1
        if recording.name(row) == RESULT:
            part.ages_ms.append(recording.age_ms(row))
    return slices
