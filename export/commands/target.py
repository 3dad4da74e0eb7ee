"""Options of the commands that release: which model, where it lies, who serves it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import address
from export.errors import ReleaseError

if TYPE_CHECKING:
    from export.publishing.repository import Shelf
    from export.release.config import ConfigFile
    from export.release.labels import Release

MODEL = "digits"
FOLDER = "models"


def add_target(parser: argparse.ArgumentParser) -> None:
    """`--model`, `--base-path`, `--server` and `--config`."""
    parser.add_argument("--model", metavar="NAME", help=f"the model's name (default: {MODEL})")
    parser.add_argument(
        "--base-path",
        metavar="TARGET",
        help=f"the model's folder or URL (default: {FOLDER}/NAME)",
    )
    parser.add_argument(
        "--server",
        type=address,
        metavar="HOST:PORT",
        default=f"127.0.0.1:{os.environ.get('GRPC_PORT') or 8500}",
        help="the model server's gRPC address (default: %(default)s)",
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the file that the model server is started with by --model_config_file; made if it "
        f"is not there (default: models.config beside the model's folder, or in {FOLDER})",
    )


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """`--timeout`: for a version to load."""
    parser.add_argument(
        "--timeout",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="how long a version may take to load (default: %(default)g)",
    )


def version_number(text: str) -> int:
    """The type of a version's number: 0 to 2^63 - 1."""
    from export.publishing.repository import is_version

    if not is_version(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version's number")
    return int(text)


@dataclass(frozen=True)
class Target:
    """What those options come to."""

    model: str
    shelf: Shelf
    file: ConfigFile


def target(options: argparse.Namespace) -> Target:
    """Which model, where its versions are, and where the configuration is."""
    from export.publishing.location import locate
    from export.publishing.repository import Shelf
    from export.release.config import ConfigFile

    base = options.base_path or f"{FOLDER}/{options.model or MODEL}"
    location = locate(base)
    model = options.model or location.path.rpartition("/")[2]
    beside = location.local.parent if location.local else Path(FOLDER)
    return Target(model, Shelf(location), ConfigFile(options.config or beside / "models.config"))


@contextmanager
def release(options: argparse.Namespace) -> Iterator[Release]:
    """The labels of the model that the options name, and a bar while a version loads."""
    from export.client.model_server import ModelServer
    from export.commands.progress import Bars
    from export.release.labels import Release

    if not options.timeout > 0:
        raise ReleaseError("--timeout must be above 0")
    found = target(options)
    with ModelServer(options.server) as server, Bars() as bars:
        yield Release(found.model, found.shelf, server, found.file, print, bars, options.timeout)
