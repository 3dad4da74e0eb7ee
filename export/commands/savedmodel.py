"""`savedmodel`: from a trained model to a verified version."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import Commands, add_checkpoint, add_command, positive
from export.commands.loading import load_tensorflow
from export.commands.source_options import (
    add_pictures,
    add_source,
    add_task,
    picture_wish,
    task_wish,
    wish,
)
from export.errors import SourceError
from export.publishing import local as publication
from export.sources import checkpoints as checkpoint

if TYPE_CHECKING:  # it imports TensorFlow, which `--help` must not wait for
    from export.pipeline import Order

_DEMO = Path("models/digits")


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "savedmodel",
        run,
        "make a verified SavedModel version of a trained model",
        "Makes a SavedModel of a trained model, with the signatures of the model contract; loads "
        "it back, compares it with its source, and gives it its place by one atomic rename. "
        "Whatever fails, nothing half-made is left where a model server looks. Without --from, "
        "the source is the demo model's checkpoint. docs/export.md has an example for each kind "
        "of source.",
    )
    parser.usage = "python -m export savedmodel [--from SOURCE] [--output FOLDER] [options]"
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FOLDER",
        help=f"the model's folder; its name is the model's (default for the demo model: {_DEMO})",
    )
    parser.add_argument(
        "--version", type=int, metavar="N", help="the version's number (default: the next)"
    )
    parser.add_argument(
        "--if-missing", action="store_true", help="do nothing if there is a version already"
    )
    add_source(parser)
    add_pictures(parser)
    add_task(parser)
    _add_checking(parser)
    add_checkpoint(parser)


def _add_checking(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("verification and warm-up")
    group.add_argument(
        "--verify",
        choices=("full", "quick"),
        help="full: every batch size, and a model server that loads it; quick: batches of 1, 2 and "
        "16 in this process (default: full with --from, quick for the demo model)",
    )
    group.add_argument(
        "--max-batch",
        type=positive,
        metavar="N",
        help="pictures in one call at most (default: no bound is set; up to 16 are tried)",
    )
    group.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="JPEG and PNG pictures to compare answers on and to warm up with (default: drawn)",
    )
    group.add_argument("--no-warm-up", action="store_true", help="write no warm-up records")


def run(options: argparse.Namespace) -> None:
    """Makes the version. Raises ExportError."""
    target = _target(options)
    present = publication.versions(target)
    if options.if_missing and present:
        print(f"present     {target / str(present[-1])}")
        return
    if options.version is not None:
        publication.check_free(target, options.version)
    _check_place(options)
    load_tensorflow()
    from export import pipeline as savedmodel

    order = _order(options)
    savedmodel.publish(order, target, options.version)


def _target(options: argparse.Namespace) -> Path:
    if options.output is None and options.source is not None:
        raise SourceError("say with --output which folder the model shall have")
    found: Path = options.output or _DEMO
    return found


def _check_place(options: argparse.Namespace) -> None:
    """What can be said before the seconds that TensorFlow takes to be imported."""
    if options.source is None:
        checkpoint.find(options.checkpoint)
        return
    path = Path(options.source)
    named = options.source.startswith("keras:")
    if not named and not path.exists() and not path.with_name(f"{path.name}.index").exists():
        raise SourceError(f"there is no model at {path}")
    if options.labels is not None and not options.labels.is_file():
        raise SourceError(f"there are no labels at {options.labels}")


def _order(options: argparse.Namespace) -> Order:
    from export import pipeline as savedmodel
    from export.sources.opening import open_source

    if options.source is None:
        return savedmodel.demo(options.checkpoint, options.verify == "full")
    return savedmodel.Order(
        open_source(wish(options)),
        picture_wish(options),
        task_wish(options),
        options.labels,
        options.pictures,
        options.max_batch,
        not options.no_warm_up,
        options.verify != "quick",
    )
