"""Options of the release commands: which model, where it is stored, and which server serves it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from export.commands.arguments import address
from export.errors import ReleaseError

if TYPE_CHECKING:
    from export.publishing.repository import Repository
    from export.release.config import ConfigFile
    from export.release.labels import Labels

MODEL = "digits"
FOLDER = "models"


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``, ``--base-path``, ``--server`` and ``--config``."""
    group = parser.add_argument_group("model and model server")
    group.add_argument("--model", metavar="NAME", help=f"the model's name (default: {MODEL})")
    group.add_argument(
        "--base-path",
        metavar="TARGET",
        help=f"the model's directory or URL (default: {FOLDER}/NAME)",
    )
    group.add_argument(
        "--server",
        type=address,
        metavar="HOST:PORT",
        default=f"127.0.0.1:{_port()}",
        help="the model server's gRPC address (default: %(default)s)",
    )
    group.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the model server's --model_config_file; created if missing (default: models.config "
        f"beside the model's directory, or in {FOLDER})",
    )


def _port() -> str:
    """Return GRPC_PORT. Kubernetes sets a URL there, for a Service named ``grpc``."""
    text = os.environ.get("GRPC_PORT", "")
    return text if text and "://" not in text else "8500"


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add ``--timeout``: how long a version may take to load."""
    parser.add_argument(
        "--timeout",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="how long a version may take to load (default: %(default)g)",
    )


def version_number(text: str) -> int:
    """Parse a version number: 0 to 2^63 - 1."""
    from export.publishing.repository import is_version

    if not is_version(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a version number")
    return int(text)


@dataclass(frozen=True)
class Target:
    """A model, the directory with its versions, and the model server's configuration file."""

    model: str
    repository: Repository
    file: ConfigFile


def target(options: argparse.Namespace) -> Target:
    """Return the target that the options name."""
    from export.publishing.location import locate
    from export.publishing.repository import Repository
    from export.release.config import ConfigFile

    if options.model == "":
        raise ReleaseError("--model must not be empty")
    base = options.base_path
    location = locate(f"{FOLDER}/{options.model or MODEL}" if base is None else base)
    model = options.model or location.name
    folder = location.local.parent if location.local else Path(FOLDER)
    file = ConfigFile(options.config or folder / "models.config")
    return Target(model, Repository(location), file)


def model_target(options: argparse.Namespace) -> Target:
    """Return the target. Raise ``PublishError`` for a version or a directory of models."""
    named = target(options)
    named.repository.check_level(named.model)
    return named


@contextmanager
def open_labels(options: argparse.Namespace) -> Iterator[Labels]:
    """Yield the labels of the model that the options name; show a bar while a version loads."""
    from export.client.model_server import ModelServer
    from export.commands.progress import ProgressBars
    from export.release.labels import Labels

    if not options.timeout > 0:
        raise ReleaseError("--timeout must be greater than 0")
    named = model_target(options)
    # A reader of a pipe learns of each change at once, before an error that follows it.
    say = partial(print, flush=True)
    with ModelServer(options.server) as server, ProgressBars() as bars:
        yield Labels(named.model, named.repository, server, named.file, say, bars, options.timeout)
