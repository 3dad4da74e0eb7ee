"""Options that say how to decode a detector's raw outputs."""

from __future__ import annotations

import argparse

from export.commands.task_options import mask_size
from export.contract import MASK_WEIGHTS
from export.detectors.options import COLUMNS, FAMILIES, OFFSET_ORDERS, DecodeOptions
from export.errors import SourceError


def add_decode(parser: argparse.ArgumentParser) -> None:
    """Add the options of detectors whose outputs have to be decoded."""
    group = parser.add_argument_group("decoding of raw detectors")
    group.add_argument(
        "--decode",
        choices=FAMILIES,
        help="decode boxes and suppress overlapping ones in the graph, for a detector of this "
        "family",
    )
    group.add_argument(
        "--anchors",
        metavar="WHICH",
        help="the anchors of ssd, retinanet or efficientdet: a file (.npy, .json, .csv, .txt), a "
        "JSON object, or a preset such as ssd300 (a wrong name lists them)",
    )
    group.add_argument(
        "--anchor-order",
        choices=OFFSET_ORDERS,
        help="the order of coordinates in the file of anchors (default: cxcywh)",
    )
    group.add_argument(
        "--offset-order", choices=OFFSET_ORDERS, help="the order of offsets (default: the preset's)"
    )
    group.add_argument(
        "--variances",
        type=_variances,
        metavar="A,B,C,D",
        help="the factors of offsets, in their order (default: the preset's)",
    )
    group.add_argument(
        "--columns",
        type=_columns,
        metavar="NAME,...",
        help="the columns of end-to-end, in order: batch, box, class, score, angle (default: "
        "recognized)",
    )
    group.add_argument(
        "--agnostic-nms",
        action="store_true",
        help="boxes also suppress overlapping boxes of other classes",
    )


def check_decode(options: argparse.Namespace) -> None:
    """Raise ``SourceError`` if options contradict one another."""
    if options.decode is None:
        given = [
            f"--{name.replace('_', '-')}"
            for name in (*_FOR_DECODE, "agnostic_nms")
            if getattr(options, name)
        ]
        if options.box_units == "cells":
            given.append("--box-units cells")
        if given:
            verb = "need" if len(given) > 1 else "needs"
            raise SourceError(f"{' and '.join(given)} {verb} --decode FAMILY")
        if options.mask_size is not None and not _makes_masks(options):
            raise SourceError(
                f"--mask-size needs --decode FAMILY, --masks image or --outputs {MASK_WEIGHTS}=NAME"
            )
    elif options.nms:
        raise SourceError("omit --nms: --decode suppresses overlapping boxes where it is needed")
    elif options.masks == "image":
        raise SourceError("omit --masks image: --decode makes masks of a YOLO's prototypes")
    elif options.task not in (None, _task(options.decode)):
        raise SourceError(
            f"--decode {options.decode} makes a model for {_task(options.decode)}, not for "
            f"{options.task}"
        )
    elif options.source is None:
        raise SourceError("--decode needs --from: the demo model is decoded already")


def _makes_masks(options: argparse.Namespace) -> bool:
    return options.masks == "image" or MASK_WEIGHTS in options.outputs


def _task(family: str) -> str:
    return "keypoints" if family == "yolo-pose" else "detection"


_FOR_DECODE = ("anchors", "anchor_order", "offset_order", "variances", "columns")


def decode_options(options: argparse.Namespace) -> DecodeOptions | None:
    """Return what the options say about decoding; None without ``--decode``."""
    if options.decode is None:
        return None
    return DecodeOptions(
        family=options.decode,
        order=options.box_order,
        units=options.box_units,
        activation=options.activation,
        background=options.background,
        **{name: getattr(options, name) for name in _FOR_DECODE},
        mask_size=mask_size(options),
        max_overlap=options.nms_overlap,
        min_score=options.min_score,
        max_boxes=options.max_boxes,
        agnostic=options.agnostic_nms,
        first_class=options.first_class,
        skeleton=options.skeleton,
    )


def _variances(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 4 or not all(0 < value < float("inf") for value in values):
        raise argparse.ArgumentTypeError(f"{text!r} is not four positive numbers")
    return values


def _columns(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    needed = {"box", "class", "score"}
    if not needed <= set(names) <= set(COLUMNS) or len(set(names)) != len(names):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not box, class and score in some order, with or without batch and angle"
        )
    return names
