"""What a source's own description says, where the options leave it open."""

from __future__ import annotations

from dataclasses import replace

from export.detectors.options import DecodeOptions
from export.serving.labels import Labels
from export.sources.source import Source
from export.tasks.task import Edge, Task, TaskOptions


def task_options(source: Source, options: TaskOptions) -> TaskOptions:
    """Fill in what the options leave open from the source's own description."""
    first = source.described.get("first_class")
    if options.first_class is None and isinstance(first, int):
        options = replace(options, first_class=first)
    if options.skeleton is None:
        options = replace(options, skeleton=_skeleton(source))
    if options.palette is None and isinstance(source.described.get("palette"), list):
        options = replace(options, palette=tuple(map(str, source.described["palette"])))
    if not options.unit and isinstance(source.described.get("unit"), str):
        options = replace(options, unit=source.described["unit"])
    if source.described.get("multi_label") is True:
        options = replace(options, multi_label=True)
    return options


def decode_options(source: Source, options: DecodeOptions, named: Labels) -> DecodeOptions:
    """Fill in how many labels there are, and the first class of the source's description."""
    first = source.described.get("first_class")
    if options.first_class is None and isinstance(first, int):
        options = replace(options, first_class=first)
    return replace(options, class_count=len(named.names) or None, keypoints=named.shape)


def labels(source: Source, task: Task) -> tuple[str, ...]:
    """Return the labels that the source names, if the task has as many classes."""
    names = tuple(map(str, source.described.get("labels") or ()))
    return names if task.classes in (None, len(names)) else ()


def _skeleton(source: Source) -> tuple[Edge, ...] | None:
    try:
        return tuple((int(first), int(second)) for first, second in source.described["skeleton"])
    except (KeyError, TypeError, ValueError):
        return None
