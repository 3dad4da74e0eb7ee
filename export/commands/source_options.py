"""The options that say where a trained model is, and what it takes and gives."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these import TensorFlow, which `--help` must not wait for
    from export.serving.conversion import PictureWish
    from export.sources.options import Wish
    from export.tasks.task import TaskWish

_EXAMPLES = "image=Placeholder:0", "detection_boxes=boxes:0,detection_scores=scores:0"


def add_source(parser: argparse.ArgumentParser) -> None:
    """Where the model is, and what of it is wanted."""
    group = parser.add_argument_group("the trained model")
    group.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="a TensorFlow 1 or 2 checkpoint, a .keras or HDF5 file, a SavedModel's folder, or "
        "keras:NAME for a Keras application (default: the demo model's checkpoint)",
    )
    group.add_argument(
        "--model", metavar="PACKAGE.MODULE:FUNCTION", help="the function that builds the model"
    )
    group.add_argument(
        "--model-args", type=_object, default={}, metavar="JSON", help="what that function is given"
    )
    group.add_argument(
        "--inputs", type=_pairs, default={}, metavar="NAME=TENSOR", help=f"e.g. {_EXAMPLES[0]}"
    )
    group.add_argument(
        "--outputs", type=_pairs, default={}, metavar="NAME=TENSOR,...", help=f"e.g. {_EXAMPLES[1]}"
    )
    group.add_argument(
        "--feed",
        type=_feed,
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="a constant for another input, e.g. is_training=false; may be repeated",
    )
    group.add_argument("--signature", metavar="NAME", help="of a SavedModel: serving_default, ...")
    group.add_argument(
        "--variables",
        type=_pattern,
        metavar="REGEX",
        help="of a TensorFlow 1 checkpoint, restore only these; the others are initialised",
    )
    group.add_argument(
        "--exclude-nodes",
        type=_pattern,
        metavar="REGEX",
        help="nodes of a TensorFlow 1 graph to leave out, with all that needs them",
    )
    group.add_argument(
        "--moving-average",
        action="store_true",
        help="restore the variables' exponential moving averages where there are some",
    )
    group.add_argument(
        "--weights", metavar="WHICH", help="of a Keras application: imagenet, none, or a file"
    )
    group.add_argument(
        "--batch", type=_count, metavar="N", help="the model takes just N pictures a call"
    )


def add_pictures(parser: argparse.ArgumentParser) -> None:
    """How pictures become its input."""
    group = parser.add_argument_group("preprocessing, in the graph")
    group.add_argument("--size", type=_size, metavar="WxH", help="of the model's pictures")
    group.add_argument(
        "--resize",
        choices=("stretch", "letterbox"),
        default="stretch",
        help="letterbox keeps the aspect, between black bars (default: %(default)s)",
    )
    group.add_argument(
        "--scale",
        choices=("0..1", "-1..1", "imagenet", "none"),
        help="what a model with a float input was trained on",
    )
    group.add_argument(
        "--mean", type=_numbers, metavar="R,G,B", help="instead of --scale: (x - mean) / std"
    )
    group.add_argument(
        "--std", type=_numbers, metavar="R,G,B", help="red first, whatever --channels is"
    )
    group.add_argument("--channels", choices=("rgb", "bgr"), help="which come first in the model")


def add_task(parser: argparse.ArgumentParser) -> None:
    """What its outputs mean."""
    group = parser.add_argument_group("outputs")
    group.add_argument("--task", choices=("detection", "classification", "tensors"))
    group.add_argument(
        "--labels", type=Path, metavar="FILE", help="a line each, a JSON list, or a label map"
    )
    group.add_argument("--first-class", type=_number, metavar="N", help="the first label's number")
    group.add_argument("--box-order", choices=("yxyx", "xyxy", "cxcywh"), default="yxyx")
    group.add_argument("--box-units", choices=("normalized", "pixels"), default="normalized")
    group.add_argument(
        "--activation",
        choices=("none", "sigmoid", "softmax"),
        default="none",
        help="what scores still need (default: %(default)s)",
    )
    group.add_argument(
        "--background", action="store_true", help="the first column of scores is no class"
    )
    group.add_argument(
        "--nms", action="store_true", help="thin out boxes of one class that overlap"
    )
    for name, kind, default in (
        ("--nms-overlap", _part, 0.5),
        ("--min-score", _part, 0.05),
        ("--max-boxes", _count, 100),
    ):
        group.add_argument(
            name, type=kind, default=default, metavar="X", help="with --nms (default: %(default)s)"
        )


def wish(options: argparse.Namespace) -> Wish:
    """What the options say about the source."""
    from export.sources.options import Wish

    return Wish(
        place=options.source,
        model=options.model,
        model_args=options.model_args,
        inputs=options.inputs,
        outputs=options.outputs,
        signature=options.signature,
        feeds=dict(options.feed),
        variables=options.variables,
        exclude_nodes=options.exclude_nodes,
        moving_average=options.moving_average,
        weights=options.weights,
        size=options.size,
        batch=options.batch,
    )


def picture_wish(options: argparse.Namespace) -> PictureWish:
    """What they say about the model's pictures."""
    from export.serving.conversion import PictureWish

    return PictureWish(
        size=options.size,
        letterbox=options.resize == "letterbox",
        scale=options.scale,
        mean=options.mean,
        std=options.std,
        bgr=None if options.channels is None else options.channels == "bgr",
        batch=options.batch,
    )


def task_wish(options: argparse.Namespace) -> TaskWish:
    """What they say about its outputs."""
    from export.tasks.task import TaskWish

    return TaskWish(
        task=options.task,
        order=options.box_order,
        units=options.box_units,
        suppress=options.nms,
        max_overlap=options.nms_overlap,
        min_score=options.min_score,
        max_boxes=options.max_boxes,
        activation=options.activation,
        background=options.background,
        first_class=options.first_class,
    )


def _pairs(text: str) -> dict[str, str]:
    """`name=tensor,...`; a name alone stands for itself."""
    found: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, tensor = part.strip().partition("=")
        name = name if equals else _last(name)
        if not name or name in found or (equals and not tensor):
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=TENSOR, or is there twice")
        found[name] = tensor or part.strip()
    return found


def _last(tensor: str) -> str:
    """A tensor's own name, without its scopes and number."""
    return tensor.rpartition("/")[2].partition(":")[0]


def _feed(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        if name and equals:
            return name, value
    raise argparse.ArgumentTypeError(f"{text!r} is not NAME=JSON")


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise argparse.ArgumentTypeError("must be a JSON object")
    return found


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from None
    return text


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if found is None or 0 in (int(found[1]), int(found[2])):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT")
    if max(int(found[1]), int(found[2])) > _LONGEST_SIDE:
        raise argparse.ArgumentTypeError(f"a side may have up to {_LONGEST_SIDE} pixels")
    return int(found[1]), int(found[2])


_LONGEST_SIDE = 4096
"""Sixteen golden pictures of this size take 3 GB."""


def _numbers(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) not in (1, 3):
        raise argparse.ArgumentTypeError(f"{text!r} is not one number or three")
    return found


def _number(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 2**16:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 65535")
    return int(text)


def _part(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return found
