"""How old frames get and where their time goes, by model, version and signature.

The stages of a frame that gets a result, in order:

* ``queue``: from its arrival to its batch;
* ``prepare``: decoding or serializing the batch;
* ``call``: the Predict call, with the network;
* ``answer``: from the response to the frames' results;
* ``write``: encoding the batch's results and handing them to their sockets.

The first four add up to the frame's age; each frame of a batch counts with what the batch took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from server.backend.interface import CallTiming
from server.core.lru import LRU
from server.runtime.histogram import FINE_SECONDS, SECONDS, Distribution, Histogram

STAGES = ("queue", "prepare", "call", "answer", "write")
OUTCOMES = ("result", "dropped", "error")

MAX_SIGNATURES = 32
"""Signatures, of all versions, that are counted one by one; the least recently used is evicted."""


class SignatureKey(NamedTuple):
    """One signature of one version of one model.

    ``version`` is a number as text, or the label that was asked for if no version is known.
    """

    model: str
    version: str
    signature: str


@dataclass(frozen=True, slots=True)
class Latency:
    """What was measured for one signature, in seconds.

    ``age_s`` is by outcome, ``stages_s`` by stage. ``transport_s`` is what a Predict call took
    beyond the time that the model server reports for it, counted once for each call.
    """

    key: SignatureKey
    age_s: Mapping[str, Distribution]
    stages_s: Mapping[str, Distribution]
    transport_s: Distribution


class AnsweredBatch(NamedTuple):
    """A batch that a model server answered, in monotonic seconds.

    ``results`` counts its results, ``arrivals`` has when the frames arrived whose sessions got
    theirs. ``sent`` is when the batch was taken, ``answered`` when its results were known,
    ``written`` when all were sent.
    """

    key: SignatureKey
    results: int
    arrivals: Sequence[float]
    sent: float
    timing: CallTiming | None
    answered: float
    written: float


class _Signature:
    """The running counts behind one :class:`Latency`."""

    __slots__ = ("ages", "stages", "transport")

    def __init__(self) -> None:
        self.ages = {outcome: Histogram(SECONDS) for outcome in OUTCOMES}
        self.stages = {stage: Histogram(SECONDS) for stage in STAGES}
        self.transport = Histogram(SECONDS)

    def snapshot(self, key: SignatureKey) -> Latency:
        """Return what was counted so far."""
        return Latency(
            key,
            {outcome: histogram.snapshot() for outcome, histogram in self.ages.items()},
            {stage: histogram.snapshot() for stage, histogram in self.stages.items()},
            self.transport.snapshot(),
        )


class Latencies:
    """The running counts of all signatures, and of all frames with a result together."""

    def __init__(self) -> None:
        self.queue_s = Histogram(SECONDS)
        self.total_s = Histogram(SECONDS)
        self.fine_age_s = Histogram(FINE_SECONDS)
        self._signatures: LRU[SignatureKey, _Signature] = LRU(MAX_SIGNATURES, _Signature)

    def answered(self, batch: AnsweredBatch) -> None:
        """Count the frames of a batch whose sessions got their results."""
        counts = self._signatures.of(batch.key)
        queues = [batch.sent - arrival for arrival in batch.arrivals]
        ages = [batch.answered - arrival for arrival in batch.arrivals]
        self.queue_s.observe_each(queues)
        self.total_s.observe_each(ages)
        self.fine_age_s.observe_each(ages)
        counts.stages["queue"].observe_each(queues)
        counts.ages["result"].observe_each(ages)
        self._count_stages(counts, batch)

    def failed(self, key: SignatureKey, outcome: str, age_s: float) -> None:
        """Count a frame that was ``dropped`` or ended in an ``error``."""
        self._signatures.of(key).ages[outcome].observe(age_s)

    def snapshot(self) -> list[Latency]:
        """Return what was counted for each signature."""
        return [counts.snapshot(key) for key, counts in self._signatures.items()]

    def _count_stages(self, counts: _Signature, batch: AnsweredBatch) -> None:
        frames, timing, stages = len(batch.arrivals), batch.timing, counts.stages
        stages["write"].observe(batch.written - batch.answered, frames)
        if timing is None:
            return
        stages["prepare"].observe(timing.sent - batch.sent, frames)
        stages["call"].observe(timing.received - timing.sent, frames)
        stages["answer"].observe(batch.answered - timing.received, frames)
        server_s = timing.server_s
        if server_s is not None:
            counts.transport.observe(max(0.0, timing.received - timing.sent - server_s))
