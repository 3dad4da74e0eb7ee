"""Which task a source's outputs are for."""

from __future__ import annotations

from export.errors import SourceError
from export.tasks import classification, detection
from export.tasks.task import Probe, Task, TaskWish
from export.tasks.tensors import Tensors


def choose(probe: Probe, wish: TaskWish) -> Task:
    """The task that was asked for, or the one that the outputs' names and shapes tell.

    Raises SourceError if the outputs do not fit it.
    """
    task = wish.task or _told(probe, wish)
    if task == "detection":
        return detection.detection(probe, wish)
    if wish.suppress:
        raise SourceError(f"--nms is for detectors, not for {task}")
    if task == "classification":
        return classification.classification(probe, wish)
    return Tensors({name: value.shape for name, value in probe.items()})


def _told(probe: Probe, wish: TaskWish) -> str:
    if wish.suppress or detection.own_name(detection.BOXES, probe) is not None:
        return "detection"
    if classification.scores_among(probe) is not None:
        return "classification"
    return "tensors"
