"""Select the task that a source's outputs are for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from export.contract import BOXES
from export.errors import SourceError
from export.tasks import (
    classification,
    densemap,
    detection,
    embedding,
    keypoints,
    segmentation,
)
from export.tasks.task import Probe, Size, Task, TaskOptions
from export.tasks.tensors import Tensors

_COLORS = 3


def select_task(probe: Probe, options: TaskOptions, size: Size | None = None) -> Task:
    """Return the requested task, or the one that the outputs' names and shapes imply.

    ``size``: height and width of the model's input, if they are fixed. Raise ``SourceError`` if the
    outputs do not fit the task.
    """
    task = options.task or _implied(probe, options, size)
    if task == "detection":
        return detection.detection(probe, options)
    if options.suppress:
        raise SourceError(f"--nms is only for detectors, not for {task}")
    if task == "segmentation":
        return segmentation.segmentation(probe, options, size)
    if options.task is None and task == "tensors":
        return Tensors(tuple(probe), _suggestions(probe))
    return _OTHERS[task](probe, options)


def _implied(probe: Probe, options: TaskOptions, size: Size | None) -> str:
    if options.suppress or detection.own_name(BOXES, probe) is not None:
        return "detection"
    if keypoints.poses_among(probe) is not None:
        return "keypoints"
    if densemap.map_among(probe) is not None:
        return "map"
    if segmentation.map_among(probe, options, size) is not None:
        return "segmentation"
    if embedding.is_embedding(probe):
        return "embedding"
    return "tensors" if classification.scores_among(probe) is None else "classification"


def _suggestions(probe: Probe) -> tuple[str, ...]:
    """Return a note about a task that the only output can be for, if the user says so."""
    [(name, value), *others] = probe.items()
    if others or value.ndim != 4 or value.dtype.kind != "f" or value.shape[3] == _COLORS:
        return ()
    height, width, columns = value.shape[1:]
    flags = "--task segmentation for the scores of classes"
    if columns == 1:
        flags = "--task segmentation for a mask, or --task map for values such as depths"
    return (f"{name} [{height}, {width}, {columns}] may have a value for each pixel: add {flags}",)


_OTHERS: Mapping[str, Callable[[Probe, TaskOptions], Task]] = {
    "classification": classification.classification,
    "keypoints": keypoints.keypoints,
    "embedding": embedding.embedding,
    "map": densemap.dense_map,
    "tensors": lambda probe, options: Tensors(tuple(probe)),
}


def not_served(task: Task, probe: Probe) -> list[str]:
    """Return the source's outputs that the task has no place for."""
    return sorted(set(probe) - set(task.reads()))
