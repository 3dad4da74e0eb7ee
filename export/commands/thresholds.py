"""The flags that say how closely a version must agree with another one."""

from __future__ import annotations

import argparse

from export.commands.arguments import not_negative
from framewire.agreement import MOST_SHIFTED, Thresholds

_MEANINGS = {
    "min_agreement": "agreement of all objects, 0..1",
    "min_class_agreement": "that of each class, 0..1",
    "min_similarity": "mean IoU of matching boxes and classes of maps; OKS of poses; cosine of "
    "vectors",
    "max_score_shift": f"change of an object's score, which {100 * MOST_SHIFTED:.0f} %% may exceed",
    "max_slowdown": "how many times as long it may take as the other version",
}


def add_thresholds(group: argparse._ArgumentGroup) -> None:
    """Add a flag for each threshold."""
    for name, meaning in _MEANINGS.items():
        group.add_argument(
            f"--{name.replace('_', '-')}",
            type=not_negative,
            default=getattr(Thresholds(), name),
            metavar="X",
            help=f"{meaning} (default: %(default)s)",
        )


def thresholds(options: argparse.Namespace) -> Thresholds:
    """Return what the flags say."""
    return Thresholds(**{name: getattr(options, name) for name in _MEANINGS})
