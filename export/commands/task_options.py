"""Options that say what a model's outputs mean."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import count
from export.contract import TASKS
from export.errors import SourceError
from export.serving import labels

if TYPE_CHECKING:  # it imports TensorFlow, which --help should not wait for
    from export.tasks.task import TaskOptions

_MASK_SIZE, _LARGEST_MASK = 28, 512


def add_task(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what the model's outputs mean."""
    group = parser.add_argument_group("outputs")
    group.add_argument(
        "--task",
        choices=TASKS,
        help="what the outputs are (default: their names and shapes decide)",
    )
    group.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="the names of classes or keypoints: one per line, with or without numbers, JSON, CSV, "
        "a .pbtxt label map, or the .yaml of an Ultralytics export or data set",
    )
    group.add_argument(
        "--first-class", type=_number, metavar="N", help="the model's number for its first class"
    )
    group.add_argument(
        "--activation",
        choices=("none", "sigmoid", "softmax"),
        help="what to apply to the scores (default: none)",
    )
    group.add_argument(
        "--background", action="store_true", help="the first column of scores is the background"
    )
    group.add_argument(
        "--skeleton",
        type=_edges,
        metavar="A-B,...",
        help="the keypoints that a line joins, by number, e.g. 0-1,1-2 (default: a person's, if "
        "there are 17)",
    )
    group.add_argument(
        "--palette",
        type=_colors,
        metavar="FILE",
        help="the colors of a segmentation's classes, such as #00ff7f: one per line or a JSON list",
    )
    group.add_argument("--normalize", action="store_true", help="scale embeddings to a length of 1")
    group.add_argument(
        "--multi-label",
        action="store_true",
        help="a picture can have several of the classes, or none: their scores are independent",
    )
    group.add_argument(
        "--unit", default="", metavar="NAME", help="the unit of a map's values, such as m"
    )
    group.add_argument(
        "--then",
        default="",
        metavar="MODEL",
        help="the model that a detector's boxes are meant for: clients can ask for its answers",
    )
    _add_boxes(parser)


def _add_boxes(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("boxes and keypoints")
    group.add_argument(
        "--box-order",
        choices=("yxyx", "xyxy", "cxcywh"),
        help="the order of coordinates; for keypoints, yxyx means y, x (default: yxyx, or the "
        "family's with --decode)",
    )
    group.add_argument(
        "--box-units",
        choices=("normalized", "pixels", "cells"),
        help="0..1, pixels of the model's input, or cells of a feature map (default: normalized; "
        "recognized with --decode)",
    )
    group.add_argument(
        "--masks",
        choices=("box", "image"),
        default="box",
        help="what each of a detector's detection_masks covers; those of the image become masks of "
        "their boxes (default: box)",
    )
    group.add_argument(
        "--mask-size",
        type=_mask_size,
        metavar="N",
        help="the side of the masks that are made of prototypes or, with --masks image, of the "
        "image's masks; 0: no masks (default: 28)",
    )
    group.add_argument("--nms", action="store_true", help="apply non-maximum suppression by class")
    for name, kind, default, meaning in (
        ("--nms-overlap", _fraction, 0.5, "the largest overlap that is kept"),
        ("--min-score", _fraction, 0.05, "only scores above this are kept"),
        ("--max-boxes", count, 100, "the most boxes that are kept"),
    ):
        help_text = f"with --nms or --decode: {meaning} (default: {default})"
        group.add_argument(name, type=kind, default=default, metavar="X", help=help_text)


def task_options(options: argparse.Namespace) -> TaskOptions:
    """Return what the options say about the model's outputs."""
    from export.tasks.task import TaskOptions

    return TaskOptions(
        task=options.task,
        order=options.box_order or "yxyx",
        units=options.box_units or "normalized",
        suppress=options.nms,
        max_overlap=options.nms_overlap,
        min_score=options.min_score,
        max_boxes=options.max_boxes,
        activation=options.activation or "none",
        background=options.background,
        first_class=options.first_class,
        skeleton=options.skeleton,
        palette=options.palette,
        normalize=options.normalize,
        multi_label=options.multi_label,
        unit=options.unit,
        then=options.then,
        masks=options.masks,
        mask_size=mask_size(options),
    )


def mask_size(options: argparse.Namespace) -> int:
    """Return the side of masks, in cells; 0 for no masks."""
    return _MASK_SIZE if options.mask_size is None else int(options.mask_size)


def _mask_size(text: str) -> int:
    if not text.isdecimal() or int(text) > _LARGEST_MASK:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {_LARGEST_MASK}")
    return int(text)


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return int(text)


def _fraction(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return number


def _edges(text: str) -> tuple[tuple[int, int], ...]:
    """Parse ``0-1,1-2``; nothing means that no points are joined."""
    edges = re.findall(r"(\d{1,3})-(\d{1,3})", text)
    if ",".join(map("-".join, edges)) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not A-B,C-D,... with numbers of keypoints")
    return tuple((int(first), int(second)) for first, second in edges)


def _colors(name: str) -> tuple[str, ...]:
    """Read a palette from a file."""
    try:
        colors = labels.read(Path(name)).names
    except SourceError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    wrong = [color for color in colors if not re.fullmatch("#[0-9a-fA-F]{6}", color)]
    if wrong:
        raise argparse.ArgumentTypeError(f"{name}: {wrong[0]!r} is not a color such as #00ff7f")
    return colors
