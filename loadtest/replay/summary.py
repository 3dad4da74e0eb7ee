"""What came of recorded frames, then and now. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from framewire.agreement import Agreement, Answer, Comparison, Cut, MalformedAnswer, compare
from framewire.recording import RecordedFrame, RecordingError
from loadtest.measure import Measure
from loadtest.replay.player import Replayed, Run

UNSENT = "unsent"


@dataclass(frozen=True)
class Summary:
    """Outcomes, ages of results in ms and versions, as recorded and as replayed.

    ``again`` is how many of the results in the record are results again. ``late_ms`` is by how
    much the latest frame was sent too late.
    """

    frames: int
    recorded: Mapping[str, int]
    replayed: Mapping[str, int]
    recorded_ms: Sequence[float]
    replayed_ms: Sequence[float]
    recorded_versions: Sequence[str]
    replayed_versions: Sequence[str]
    again: int
    agreement: Agreement
    late_ms: float

    @property
    def answered(self) -> float:
        """Results again / results in the record; NaN without any."""
        results = self.recorded.get("result", 0)
        return self.again / results if results else math.nan

    def measures(self, min_answered: float, min_agreement: float) -> list[Measure]:
        """Return the figures that decide, each beside its bound."""
        return [
            Measure("answered", self.answered, min_answered, at_least=True),
            Measure("agreement", self.agreement.overall, min_agreement, at_least=True),
        ]


def check_results(frames: Iterable[RecordedFrame]) -> None:
    """Check that recorded results can be compared, before any frame is sent.

    Raises ``RecordingError``, which names the file and the record.
    """
    for frame in frames:
        if frame.result:
            try:
                _compare(frame, frame)
            except (TypeError, ValueError) as error:
                raise RecordingError(f"{frame.place}: the result is malformed: {error}") from None


def summarize(run: Run) -> Summary:
    """Return what came of a run."""
    agreement, again = Agreement(), 0
    for entry in run.frames:
        if entry.recorded.result and entry.outcome is not None and entry.outcome.result:
            again += 1
            agreement.add(_answered_again(entry.recorded, entry.outcome))
    outcomes = [entry.outcome for entry in run.frames if entry.outcome is not None]
    recorded = [entry.recorded for entry in run.frames]
    return Summary(
        len(run.frames),
        Counter(frame.outcome_name for frame in recorded),
        Counter(map(_outcome_name, run.frames)),
        _ages(recorded),
        _ages(outcomes),
        _versions(recorded),
        _versions(outcomes),
        again,
        agreement,
        max((entry.late_ms or 0.0 for entry in run.frames), default=0.0),
    )


def _outcome_name(entry: Replayed) -> str:
    if entry.outcome is not None:
        return entry.outcome.outcome_name
    return UNSENT if entry.late_ms is None else "none"


def _answered_again(recorded: RecordedFrame, replayed: RecordedFrame) -> Comparison:
    try:
        return _compare(recorded, replayed)
    except MalformedAnswer:  # the gateway's: the recorded one has been checked
        return Comparison(0.0)


def _compare(recorded: RecordedFrame, replayed: RecordedFrame) -> Comparison:
    before, after = (
        Answer(frame.result or {}, frame.session.labels) for frame in (recorded, replayed)
    )
    return compare(before, after, Cut.of(recorded.session.options))


def _ages(frames: Sequence[RecordedFrame]) -> list[float]:
    return [frame.after_ms for frame in frames if frame.result and frame.after_ms is not None]


def _versions(frames: Sequence[RecordedFrame]) -> list[str]:
    names = {
        f"{(frame.session.model or {}).get('name', '?')}/{frame.result.get('model_version', '?')}"
        for frame in frames
        if frame.result
    }
    return sorted(names)
