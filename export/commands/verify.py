"""`verify`: is a version what it should be, and how fast is it?"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from export.commands.arguments import Commands, add_command, address, positive
from export.commands.loading import load_tensorflow
from export.errors import ExportError, SourceError


def add_parser(commands: Commands) -> None:
    """Adds the subcommand."""
    parser = add_command(
        commands,
        "verify",
        run,
        "check a version, and have a model server load it",
        "Holds a version against its contract and against what its source answered for golden "
        "pictures, in every batch size, in this process and through a model server; and measures "
        "it. The model server is a throwaway one, or those named with --server.",
    )
    parser.add_argument("folder", type=Path, metavar="VERSION", help="the version's folder")
    parser.add_argument(
        "--server",
        type=address,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a model server that has the version; may be repeated",
    )
    parser.add_argument(
        "--model", metavar="NAME", help="the model's name there (default: the folder's)"
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="how long --server may take to have it (default: %(default)s)",
    )
    parser.add_argument("--max-batch", type=positive, default=16, metavar="N")
    parser.add_argument("--quick", action="store_true", help="in this process only, a few batches")
    parser.add_argument("--report-json", type=Path, metavar="FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="delay and throughput, as PNG")


def run(options: argparse.Namespace) -> None:
    """Checks it. Raises ExportError at the first thing that is wrong."""
    folder: Path = options.folder
    if not (folder / "saved_model.pb").is_file():
        raise SourceError(f"there is no version at {folder}")
    if options.server and not folder.resolve().name.isdecimal():
        raise SourceError(f"{folder} has no number, so no model server can have it as a version")
    load_tensorflow()
    from export.verification import verify as verifying
    from export.verification.report import Report

    how = verifying.Thoroughness(
        not options.quick, options.max_batch, options.server, options.model, options.wait
    )
    whole = folder.resolve()
    report = Report(f"{whole.parent.name}/{whole.name}")
    try:
        verifying.verify(report, whole, how)
    finally:
        report.print()
        if options.report_json is not None:
            _write(options.report_json, report.encode())
    if options.plot is not None:
        from export.verification import plot

        plot.draw(report, options.plot)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise ExportError(f"cannot write {path}: {error.strerror}") from None
