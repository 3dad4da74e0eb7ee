"""``savedmodel``: make a verified version of a trained model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import add_checkpoint, positive
from export.commands.decode_options import add_decode, check_decode, decode_options
from export.commands.loading import load_tensorflow
from export.commands.parser import Commands, add_command
from export.commands.source_options import (
    add_images,
    add_source,
    image_options,
    source_options,
)
from export.commands.task_options import add_task, task_options
from export.errors import SourceError
from export.publishing import local
from export.publishing.location import locate
from export.publishing.provenance import abbreviated, read_provenance
from export.sources import checkpoints
from export.sources.fingerprint import fingerprint
from export.sources.location import missing

if TYPE_CHECKING:  # it imports TensorFlow, which --help should not wait for
    from export.pipeline import ExportRequest

SUMMARY = "make a verified version of a trained model"
_DEMO = Path("models/digits")


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "savedmodel",
        run,
        SUMMARY,
        "Convert a trained model to a SavedModel with the signatures of the model contract, load "
        "it back, compare it with its source, and rename it into place. If anything fails, no "
        "partial version is left. Without --from, the source is the demo model's checkpoint.",
        """
        %(prog)s --from model.keras --scale 0..1 --output build/mymodel
        %(prog)s --from run/ckpts --model package.models:build \\
            --scale 0..1 --output build/mymodel
        %(prog)s --from run/model.ckpt-20000 --inputs Placeholder:0 \\
            --feed is_training=false --outputs scores=Softmax:0 --scale -1..1 --output build/m
        %(prog)s --from exported/saved_model --output build/mymodel
        %(prog)s --from yolo11n_saved_model --decode yolo --scale 0..1 --resize letterbox \\
            --labels coco.txt --output build/yolo
        %(prog)s --from movenet_lightning --resize letterbox --output build/movenet
        %(prog)s --from keras:MobileNetV2 --output build/mobilenet
        """,
    )
    parser.usage = "%(prog)s [--from SOURCE] [--output FOLDER] [options]"
    _add_target(parser)
    add_source(parser)
    add_images(parser)
    add_task(parser)
    add_decode(parser)
    _add_verification(parser)
    add_checkpoint(parser)


def _add_target(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("version")
    group.add_argument(
        "--output",
        metavar="FOLDER",
        help="the model's directory, named like the model; required with --from (default for the "
        f"demo model: {_DEMO})",
    )
    group.add_argument(
        "--version", type=int, metavar="N", help="the version's number (default: the next one)"
    )
    group.add_argument(
        "--optimize",
        action="store_true",
        help="store variables as constants: faster if the model has batch normalizations, and "
        "takes more memory",
    )
    group.add_argument(
        "--if-missing", action="store_true", help="make no version if the model has one"
    )


def _add_verification(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("verification and warm-up")
    group.add_argument(
        "--verify",
        choices=("full", "quick"),
        help="full: every batch size, and a load by a model server; quick: batches of 1, 2 and 16 "
        "in this process (default: full with --from, quick for the demo model)",
    )
    group.add_argument(
        "--max-batch",
        type=positive,
        metavar="N",
        help="the most images per call (default: no limit; batches of up to 16 are verified)",
    )
    group.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="JPEG and PNG images to compare answers on and to warm up with (default: rendered)",
    )
    group.add_argument("--no-warm-up", action="store_true", help="write no warm-up records")


def run(options: argparse.Namespace) -> None:
    """Make the version. Raise ``ExportError``."""
    _check_source(options)
    check_decode(options)
    target = _target(options)
    local.check_name(target)
    versions = local.versions(target)
    if options.if_missing and versions:
        _report_present(options, target / str(versions[-1]))
        return
    if options.version is not None:
        local.check_free(target, options.version)
    local.check_writable(target)
    if options.source is None:
        checkpoints.find(options.checkpoint)
    load_tensorflow()
    from export.pipeline import make_version

    make_version(_request(options), target, options.version)


def _report_present(options: argparse.Namespace, version: Path) -> None:
    """Say which version there is, and if the demo model's checkpoint is another one by now."""
    print(f"present     {version}")
    made_from = read_provenance(locate(str(version))).get("made_from")
    if options.source is not None or made_from is None:
        return
    checkpoint = checkpoints.find(options.checkpoint)
    current = fingerprint(checkpoint.name, checkpoint.files())
    if made_from != current:
        print(
            f"note        it was made from {abbreviated(made_from)}; without --if-missing, a "
            f"version is made of {abbreviated(current)}"
        )


def _check_source(options: argparse.Namespace) -> None:
    """Report a missing source or labels file without waiting for the import of TensorFlow."""
    if options.source is None:
        return
    if not options.source or "://" in options.source:
        raise SourceError(
            f"--from {options.source!r} is not a path; download the model, and pass its file or "
            "directory"
        )
    path = Path(options.source)
    is_named = options.source.startswith("keras:")
    if not is_named and not path.exists():
        checkpoint = checkpoints.at(path)
        if not checkpoint.index.exists() and not checkpoint.meta.exists():
            raise missing(path)
    if options.labels is not None and not options.labels.is_file():
        raise SourceError(f"there is no labels file {options.labels}")


def _target(options: argparse.Namespace) -> Path:
    if options.output is None and options.source is not None:
        raise SourceError("--output is required: the model's directory, such as build/mymodel")
    text: str = str(_DEMO) if options.output is None else options.output
    if not text:
        raise SourceError("--output must not be empty; name the model's directory")
    if "://" in text:
        raise SourceError(
            f"--output {text} is not a directory of this machine; name one, and publish the "
            f"version there: publish DIRECTORY/1 {text}"
        )
    target = Path(text)
    if not target.resolve().name:
        raise SourceError(f"--output {text} has no name, which would be the model's; name another")
    return target


def _request(options: argparse.Namespace) -> ExportRequest:
    if options.source is None:
        return _demo_request(options)
    from demomodel import samples
    from export.pipeline import ExportRequest
    from export.sources.opening import open_source
    from export.verification.golden import images_in

    return ExportRequest(
        open_source(source_options(options)),
        images_in(options.pictures) if options.pictures else samples.rendered(),
        image_options(options),
        task_options(options),
        options.labels,
        options.max_batch,
        not options.no_warm_up,
        options.verify != "quick",
        decode_options(options),
        options.optimize,
    )


def _demo_request(options: argparse.Namespace) -> ExportRequest:
    from demomodel import samples
    from demomodel.network import LABELS
    from demomodel.source import open_demo
    from export.pipeline import ExportRequest
    from export.tasks.task import TaskOptions

    return ExportRequest(
        open_demo(options.checkpoint),
        samples.rendered(),
        task=TaskOptions(first_class=0),
        labels=LABELS,
        full=options.verify == "full",
        optimize=options.optimize,
    )
