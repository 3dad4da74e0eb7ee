"""The command line. TensorFlow is imported by the commands that need it, not before."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from export import checkpoint, fonts, publication
from export.errors import ExportError
from export.quiet import load_tensorflow
from export.recipe import Recipe

DESCRIPTION = """\
Turns a trained checkpoint into a model that TensorFlow Serving can serve.

  python -m export savedmodel      make models/digits/1 from the demo model's checkpoint
  python -m export evaluate        print how well and how fast that checkpoint finds digits
  python -m export train --seed 1  train it anew (needs fonts, and most of an hour)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command. Returns the exit status: 0, or 1 after an error in one line."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except ExportError as error:
        print(f"export: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("export: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m export",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_savedmodel(commands)
    _add_evaluate(commands)
    _add_train(commands)
    _add_fonts(commands)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add_savedmodel(commands: _Commands) -> None:
    add = _command(
        commands,
        _savedmodel,
        "savedmodel",
        "publish a checkpoint as a SavedModel version",
        "Makes a SavedModel of a checkpoint, loads it back, compares it with the checkpoint, and "
        "publishes it as a version by one atomic rename. Whatever fails, nothing half-made is "
        "left where a model server looks.",
    )
    _add_checkpoint(add)
    add.add_argument(
        "--output",
        type=Path,
        default=Path("models/digits"),
        metavar="FOLDER",
        help="the model's folder; its name is the model's (default: %(default)s)",
    )
    add.add_argument(
        "--version", type=int, metavar="N", help="the version's number (default: the next)"
    )
    add.add_argument(
        "--if-missing", action="store_true", help="do nothing if there is a version already"
    )


def _add_evaluate(commands: _Commands) -> None:
    add = _command(
        commands,
        _evaluate,
        "evaluate",
        "print the figures of a checkpoint",
        "Scores a checkpoint on scenes in fonts that training never saw (mAP at an overlap of "
        "0.5), counts false boxes on scenes without digits, and measures its speed.",
    )
    _add_checkpoint(add)
    _add_cache(add)


def _add_train(commands: _Commands) -> None:
    add = _command(
        commands,
        _train,
        "train",
        "train the demo model",
        "Renders scenes of printed digits, trains the detector on them, and writes its averaged "
        "weights as a TensorFlow checkpoint with its figures beside it. A run that was stopped "
        "goes on where it was when the same command is given again.",
    )
    default = Recipe()
    for name, meaning in (
        ("seed", "decides everything that is left to chance"),
        ("steps", f"batches of {default.batch} scenes to learn from"),
        ("scenes", "scenes to render beforehand"),
    ):
        value = getattr(default, name)
        help_text = f"{meaning} (default: {value})"
        add.add_argument(f"--{name}", type=_positive, default=value, metavar="N", help=help_text)
    add.add_argument(
        "--output",
        type=Path,
        default=checkpoint.DEMO,
        metavar="FOLDER",
        help="where the checkpoint goes (default: the demo model's own)",
    )
    _add_cache(add)


def _positive(text: str) -> int:
    number = int(text)
    if not 1 <= number < 2**31:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _add_fonts(commands: _Commands) -> None:
    _command(
        commands,
        _fonts,
        "fonts",
        "print the Debian packages that training and evaluation need",
        "Prints the Debian packages with the font families that training and evaluation use, "
        "for: apt-get install $(python -m export fonts)",
    )


def _command(
    commands: _Commands,
    run: Callable[[argparse.Namespace], None],
    name: str,
    summary: str,
    description: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=description)
    parser.set_defaults(command=run)
    return parser


def _add_checkpoint(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--checkpoint",
        type=Path,
        default=checkpoint.DEMO,
        metavar="PLACE",
        help="a checkpoint's folder or prefix (default: the demo model's)",
    )


def _add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="FOLDER",
        help="where rendered scenes are kept (default: framewire in the user's cache folder)",
    )


def _savedmodel(options: argparse.Namespace) -> None:
    present = publication.versions(options.output)
    if options.if_missing and present:
        print(f"present     {options.output / str(present[-1])}")
        return
    if options.version is not None:
        publication.check_free(options.output, options.version)
    checkpoint.find(options.checkpoint)
    load_tensorflow()
    from export import savedmodel

    savedmodel.publish(options.checkpoint, options.output, options.version)


def _evaluate(options: argparse.Namespace) -> None:
    checkpoint.find(options.checkpoint)
    load_tensorflow()
    from export import commands

    commands.evaluate(options.checkpoint, options.cache)


def _train(options: argparse.Namespace) -> None:
    fonts.training_faces()
    fonts.held_out_faces()
    load_tensorflow()
    from export import commands

    recipe = Recipe(options.seed, options.steps, options.scenes)
    again = f"python -m export train --seed {recipe.seed}"
    if (recipe.steps, recipe.scenes) != (Recipe().steps, Recipe().scenes):
        again += f" --steps {recipe.steps} --scenes {recipe.scenes}"
    commands.train(recipe, options.output, options.cache, again)


def _fonts(options: argparse.Namespace) -> None:
    print(*fonts.packages())


if __name__ == "__main__":
    sys.exit(main())
