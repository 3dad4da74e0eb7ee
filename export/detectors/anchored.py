"""Detectors whose boxes are offsets from anchors: SSD, RetinaNet, EfficientDet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import tensorflow as tf

from export.contract import Outputs, Tensor
from export.detectors.anchors import Anchors, presets_with, resolve_anchors
from export.detectors.decoder import Candidates, Size
from export.detectors.heads import Heads, find_heads
from export.detectors.options import DecodeOptions
from export.detectors.own_anchors import own_anchors
from export.detectors.scores import Scores, recognize_scores
from export.errors import SourceError
from export.tasks.task import Probe


@dataclass(frozen=True)
class Anchored:
    """The decoder."""

    heads: Heads
    anchors: Anchors
    scores: Scores
    suppressed: bool = False
    masks: bool = False

    @property
    def classes(self) -> int:
        return self.scores.classes

    @property
    def notes(self) -> tuple[str, ...]:
        coding = self.anchors.coding
        factors = ", ".join(f"{value:g}" for value in coding.variances)
        note = (
            f"{self.heads.count} anchors of {self.anchors.name}; offsets are {coding.order}, times "
            f"{factors}"
        )
        return (note, *self.scores.notes)

    def reads(self) -> Collection[str]:
        return self.heads.names()

    def __call__(self, outputs: Outputs, size: Tensor) -> Candidates:
        offsets, scores = self.heads.flat(outputs)
        return Candidates(self.anchors.decode(offsets), self.scores(scores))


def anchored(probe: Probe, options: DecodeOptions, size: Size) -> Anchored:
    """Return the decoder for these outputs. Raise ``SourceError`` if anchors do not fit."""
    own = own_anchors(probe, options, size) if options.anchors is None else None
    if own is not None:
        heads, anchors = own
    elif options.anchors is None:
        heads = find_heads(probe)
        anchors = resolve_anchors(options, size, heads.count)
    else:
        anchors = resolve_anchors(options, size)
        heads = _fitting(probe, anchors)
    _check(heads, anchors, size)
    _, values = heads.flat({name: tf.constant(value) for name, value in probe.items()})
    return Anchored(heads, anchors, recognize_scores(heads.scores[0], values.numpy(), options))


def _fitting(probe: Probe, anchors: Anchors) -> Heads:
    """Return the heads that have as many boxes as there are anchors, otherwise any."""
    try:
        return find_heads(probe, len(anchors.boxes))
    except SourceError:
        return find_heads(probe)


def _check(heads: Heads, anchors: Anchors, size: Size) -> None:
    if heads.count == len(anchors.boxes):
        return
    fitting = presets_with(heads.count, size)
    hint = f"; {' and '.join(fitting)} would fit" if fitting else ""
    raise SourceError(
        f"the model has {heads.count} boxes, but {anchors.name} has {len(anchors.boxes)} anchors "
        f"at {size[1]}x{size[0]}{hint}"
    )
