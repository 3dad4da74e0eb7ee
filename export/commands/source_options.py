"""Options that describe a trained model: where it is, and how images become its input."""

from __future__ import annotations

import argparse
import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from export.commands.arguments import count
from export.errors import SourceError

if TYPE_CHECKING:  # these import TensorFlow, which --help should not wait for
    from export.serving.conversion import ImageOptions
    from export.sources.options import SourceOptions


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where the model is and which part of it to export."""
    group = parser.add_argument_group("trained model")
    group.add_argument(
        "--from",
        dest="source",
        metavar="SOURCE",
        help="a TensorFlow 1 or 2 checkpoint, a .keras or HDF5 file, a SavedModel's directory, a "
        "frozen graph (.pb), or keras:NAME for a Keras application (default: the demo model's "
        "checkpoint)",
    )
    group.add_argument(
        "--model",
        metavar="PACKAGE.MODULE:FUNCTION",
        help="the function that builds the model, for a TensorFlow 2 checkpoint or weights",
    )
    group.add_argument(
        "--model-args", type=_object, default={}, metavar="JSON", help="arguments of that function"
    )
    group.add_argument(
        "--inputs",
        type=_pairs,
        default={},
        metavar="TENSOR",
        help="the input for images, e.g. Placeholder:0",
    )
    group.add_argument(
        "--outputs",
        type=_pairs,
        default={},
        metavar="NAME=TENSOR,...",
        help="the outputs to serve, by their new names, e.g. "
        "detection_boxes=boxes:0,detection_scores=scores:0",
    )
    group.add_argument(
        "--feed",
        type=_feed,
        action="append",
        default=[],
        metavar="TENSOR=JSON",
        help="a constant for another input, e.g. is_training=false; may be repeated",
    )
    group.add_argument("--signature", metavar="NAME", help="which signature of a SavedModel")
    group.add_argument(
        "--tags",
        type=_tags,
        metavar="TAG,...",
        help="which graph of a SavedModel that has several (default: serve)",
    )
    group.add_argument(
        "--batch", type=count, metavar="N", help="the model takes exactly N images per call"
    )
    group.add_argument(
        "--weights", metavar="WHICH", help="of a Keras application: imagenet, none, or a file"
    )
    group.add_argument(
        "--unsafe",
        action="store_true",
        help="run the code that a Keras file contains (Lambda layers), with your rights; only for "
        "files from people you trust",
    )
    _add_tf1(parser)


def _add_tf1(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("TensorFlow 1 checkpoints and frozen graphs")
    group.add_argument(
        "--variables",
        type=_pattern,
        metavar="REGEX",
        help="restore only these variables and initialize the others",
    )
    group.add_argument(
        "--exclude-nodes",
        type=_pattern,
        metavar="REGEX",
        help="drop these nodes of the graph, and everything that depends on them",
    )
    group.add_argument(
        "--moving-average",
        action="store_true",
        help="restore the exponential moving averages of variables that have one",
    )


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how images become the model's input."""
    group = parser.add_argument_group("preprocessing in the graph")
    group.add_argument("--size", type=_size, metavar="WxH", help="the size of the model's input")
    group.add_argument(
        "--resize",
        choices=("stretch", "letterbox"),
        default="stretch",
        help="letterbox keeps the aspect ratio and adds black bars (default: %(default)s)",
    )
    group.add_argument(
        "--scale",
        choices=("0..1", "-1..1", "imagenet", "none"),
        help="the pixel scaling that the model was trained with; required for a float input, "
        "unless the model begins with a Rescaling layer or is a Keras application",
    )
    group.add_argument(
        "--mean", type=_means, metavar="R,G,B", help="instead of --scale: (x - mean) / std"
    )
    group.add_argument(
        "--std",
        type=_deviations,
        metavar="R,G,B",
        help="in the order R,G,B, whatever --channels is",
    )
    group.add_argument(
        "--channels", choices=("rgb", "bgr"), help="the channel order of the model's input"
    )


def source_options(options: argparse.Namespace) -> SourceOptions:
    """Return what the options say about the source."""
    from export.sources.options import SourceOptions

    return SourceOptions(
        location=options.source,
        model=options.model,
        model_args=options.model_args,
        inputs=options.inputs,
        outputs=options.outputs,
        signature=options.signature,
        tags=options.tags,
        feeds=dict(options.feed),
        variables=options.variables,
        exclude_nodes=options.exclude_nodes,
        moving_average=options.moving_average,
        weights=options.weights,
        unsafe=options.unsafe,
        size=options.size,
        batch=options.batch,
    )


def image_options(options: argparse.Namespace) -> ImageOptions:
    """Return what the options say about the model's input."""
    from export.serving.conversion import ImageOptions

    if options.scale is not None and (options.mean or options.std):
        raise SourceError("--scale stands for a mean and a deviation; omit it or --mean and --std")
    return ImageOptions(
        size=options.size,
        letterbox=options.resize == "letterbox",
        scale=options.scale,
        mean=options.mean,
        std=options.std,
        bgr=None if options.channels is None else options.channels == "bgr",
        batch=options.batch,
    )


def _pairs(text: str) -> dict[str, str]:
    """Parse ``name=tensor,...``; a tensor without a name gets its own."""
    pairs: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, tensor = part.strip().partition("=")
        name = name if equals else _base_name(name)
        if not name or name in pairs or (equals and not tensor):
            raise argparse.ArgumentTypeError(f"{part!r} is not NAME=TENSOR, or is repeated")
        pairs[name] = tensor or part.strip()
    return pairs


def _tags(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(",")))


def _base_name(tensor: str) -> str:
    """Return a tensor's name without its scopes and number."""
    return tensor.rpartition("/")[2].partition(":")[0]


def _feed(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        if name and equals:
            return name, value
    raise argparse.ArgumentTypeError(f"{text!r} is not TENSOR=JSON")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("must be a JSON object")
    return value


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {error}") from None
    return text


def _size(text: str) -> tuple[int, int]:
    sides = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if sides is None or 0 in (int(sides[1]), int(sides[2])):
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT")
    if max(int(sides[1]), int(sides[2])) > _LONGEST_SIDE:
        raise argparse.ArgumentTypeError(f"a side can have at most {_LONGEST_SIDE} pixels")
    return int(sides[1]), int(sides[2])


_LONGEST_SIDE = 4096
"""Sixteen golden images of this size take 3 GB."""


def _numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, 3) or not all(map(isfinite, numbers)):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one number, or three with commas between them"
        )
    return numbers


def _means(text: str) -> tuple[float, ...]:
    numbers = _numbers(text)
    if any(numbers) and all(abs(number) < 1 for number in numbers):
        raise _of_fractions(numbers)
    return numbers


def _deviations(text: str) -> tuple[float, ...]:
    numbers = _numbers(text)
    if min(numbers) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: pixels are divided by positive numbers")
    if max(numbers) < 1:
        raise _of_fractions(numbers)
    return numbers


def _of_fractions(numbers: tuple[float, ...]) -> argparse.ArgumentTypeError:
    """Return the error for what belongs to pixels in 0..1, as PyTorch has them."""
    scaled = ",".join(f"{number * 255:g}" for number in numbers)
    return argparse.ArgumentTypeError(
        "pixels are in 0..255 here, and this looks like a value for 0..1; multiply it by 255: "
        f"{scaled}"
    )
