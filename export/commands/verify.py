"""``verify``: check a version and measure its speed."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from export.commands import recorded_options
from export.commands.arguments import address, not_negative, positive
from export.commands.loading import load_tensorflow
from export.commands.parser import Commands, add_command
from export.errors import ExportError, SourceError

SUMMARY = "check a version, and have a model server load it"


def add_parser(commands: Commands) -> None:
    """Add the subcommand."""
    parser = add_command(
        commands,
        "verify",
        run,
        SUMMARY,
        "Check a version against the model contract and against its source's answers for the "
        "golden images, in every batch size, in this process and through a model server, and "
        "measure its speed. By default a temporary model server is started for this. With "
        "--recorded, compare it instead with what an earlier version answered to users' frames.",
        """
        %(prog)s build/mymodel/1
        %(prog)s models/mymodel/3 --server 127.0.0.1:8500
        %(prog)s build/mymodel/1 --report-json report.json --plot plot.png
        %(prog)s build/mymodel/4 --recorded record/ --report-html report.html
        """,
    )
    parser.usage = "%(prog)s VERSION [options]"
    parser.add_argument("folder", type=Path, metavar="VERSION", help="the version's directory")
    parser.add_argument(
        "--max-batch",
        type=positive,
        default=16,
        metavar="N",
        help="the largest batch to try (default: %(default)s)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="try a few batch sizes in this process only"
    )
    _add_server(parser)
    recorded_options.add_recorded(parser)
    _add_report(parser)


def _add_server(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("running model servers")
    group.add_argument(
        "--server",
        type=address,
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a model server that has the version; may be repeated",
    )
    group.add_argument(
        "--model",
        metavar="NAME",
        help="the model's name there, or in recordings (default: the directory's name)",
    )
    group.add_argument(
        "--wait",
        type=not_negative,
        default=30.0,
        metavar="SECONDS",
        help="how long to wait for the version on --server (default: %(default)s)",
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("report")
    group.add_argument("--report-json", type=Path, metavar="FILE", help="write the report as JSON")
    group.add_argument(
        "--plot", type=Path, metavar="FILE", help="plot latency and throughput as PNG, SVG or PDF"
    )


def run(options: argparse.Namespace) -> None:
    """Check the version. Raise ``ExportError`` at the first check that fails."""
    folder: Path = options.folder
    if not (folder / "saved_model.pb").is_file():
        raise SourceError(f"there is no version at {folder}{_suggestion(folder)}")
    whole = folder.resolve()
    if options.server and not whole.name.isdecimal():
        raise SourceError(f"{folder} is not a numbered directory, so no model server can serve it")
    recorded_options.check(options)
    load_tensorflow()
    from export.verification.options import VerifyOptions
    from export.verification.report import Report
    from export.verification.verify import verify

    verify_options = VerifyOptions(
        not options.quick, options.max_batch, options.server, options.model, options.wait
    )
    report = Report(f"{whole.parent.name}/{whole.name}")
    try:
        if options.recorded is not None:
            recorded_options.verify(report, whole, options)
        else:
            verify(report, whole, verify_options)
    finally:
        report.print()
        if options.report_json is not None:
            _write(options.report_json, report.encode())
    if options.plot is not None:
        from export.verification import plot

        plot.draw(report, options.plot)


def _suggestion(folder: Path) -> str:
    from export.publishing.location import locate
    from export.publishing.repository import Repository

    if not folder.exists():
        return ", which does not exist"
    return Repository(locate(str(folder))).suggestion() if folder.is_dir() else ""


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        if error.filename is None and path.is_file() and not path.is_symlink():  # it is cut off
            with contextlib.suppress(OSError):
                path.unlink()
        raise ExportError(f"cannot write {path}: {error.strerror}") from None
