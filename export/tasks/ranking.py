"""Classifiers that return their best classes only: which class each score belongs to.

Without the classes, a client would take the rank of a score for its class.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from export.contract import SCORED_CLASSES
from export.errors import SourceError
from export.suggestions import listed
from export.tasks.task import Probe, Task

_NAMES = ("classes", "class_ids", "indices", "labels", "class", "ids", "label", "class_id", "index")
_FEWEST = 2


def classes_among(probe: Probe, scores: str) -> str | None:
    """Return the output that names the class of each score, if there is one.

    It has the shape of the scores, and the values are integers or texts. An output called
    ``classes`` is taken at its word; others if the scores are in descending order, which only a
    ranking has for every image, or if the name says so and the values differ between images.
    Raise ``SourceError`` if several could be meant, or if it is unclear whether one is.
    """
    fitting = [name for name, value in probe.items() if _fits(value, probe[scores])]
    if SCORED_CLASSES in fitting:
        return SCORED_CLASSES
    named = [name for name in fitting if _means_classes(name)]
    if named and probe[scores].shape[-1] == 1:
        raise SourceError(
            f"{scores} is one score for an image, and {named[0]} could be its class: say so with "
            f"--outputs scores={scores},classes={named[0]}, or leave {named[0]} out with "
            f"--outputs scores={scores}"
        )
    chosen = named or fitting
    if not is_ranking(probe[scores]):
        chosen = [name for name in named if _varies(probe[name])]
    if len(chosen) > 1:
        raise SourceError(
            f"{' and '.join(sorted(chosen))} could be the classes of {scores}; name one with "
            "--outputs classes=NAME"
        )
    return chosen[0] if chosen else None


def check_ranking(task: Task, probe: Probe, left_out: Collection[str]) -> None:
    """Raise ``SourceError`` if a classifier's scores are a ranking without its classes.

    ``left_out``: the source's outputs that were not selected.
    """
    read = task.reads()
    names = [name for name in left_out if _means_classes(name)]
    if task.name == "classification" and len(read) == 1 and names:
        [scores] = read
        if is_ranking(probe[scores]):
            raise SourceError(
                f"{scores} is a ranking, and --outputs leaves out its classes: {listed(names)}; "
                f"add classes={names[0]}, or clients take a score's place for its class"
            )


def is_ranking(scores: np.ndarray) -> bool:
    """Return whether the scores are in descending order for every image."""
    rows = scores.reshape(len(scores), -1)
    with np.errstate(invalid="ignore"):  # between infinite scores
        return rows.shape[1] >= _FEWEST and bool((np.diff(rows, axis=1) <= 0).all())


def _fits(value: np.ndarray, scores: np.ndarray) -> bool:
    if value is scores or value.shape != scores.shape:
        return False
    if value.dtype.kind in "OSUiu":
        return True
    return value.dtype.kind == "f" and bool((value == np.round(value)).all())


def _varies(values: np.ndarray) -> bool:
    """Return whether images differ; the names of all classes are the same for each."""
    return bool((values != values[:1]).any())


def _means_classes(name: str) -> bool:
    return any(name.lower().endswith(ending) for ending in _NAMES)
