"""``framewire demo``: the demo model, a model server and a gateway, on this machine."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from demomodel import CHECKPOINT
from framewire.phone.addresses import NoAddress
from server.settings import Parser, Settings, WrongSetting, load

if TYPE_CHECKING:
    from framewire.phone.setup import Phone

MODEL = "digits"
CONFIG = "models.config"
"""What the model server is started with after the first release."""
_LOOPBACK = "127.0.0.1"
_DESCRIPTION = """\
Try Framewire on this machine: export the demo model, which detects printed digits, start a model
server and the gateway, and print the URL to open. Ctrl-C stops everything.
"""
_EXAMPLES = """\
examples:
  %(prog)s                              on this machine
  %(prog)s --phone                      on phones in your network, too
  %(prog)s --directory models --model flowers
                                              with your own model
  %(prog)s --port 9000 --grpc-port 9500 --rest-port 9501
                                              beside another demo

Options of `framewire serve` work here, too: --port (or PORT) is the port of the page.
"""


def run(arguments: Sequence[str], prog: str) -> int:
    """Run until Ctrl-C, SIGTERM or the end of the terminal. Returns the exit status."""
    try:
        options, gateway_flags = _parser(prog).parse_known_args(arguments)
        phone = _phone(options, load(gateway_flags, os.environ, prog).port)
        if phone is not None:
            gateway_flags = [*phone.gateway, *gateway_flags]
        settings = load(gateway_flags, os.environ, prog)
        _check_ports(settings, options)
    except (WrongSetting, NoAddress) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 2
    # The current folder is the user's, and may hold an `export` or `server` of its own. (Python
    # 3.10 does not know the variable and looks there first.)
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    try:
        return _export(options.directory, environment) or _serve(
            options, gateway_flags, phone, environment
        )
    except KeyboardInterrupt:
        return 130


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of the user's models, as the XDG Base Directory Specification has it."""
    base = environment.get("XDG_DATA_HOME", "")
    # A relative path there is invalid, and to be ignored.
    return (Path(base) if base.startswith("/") else _home() / ".local/share") / "framewire"


def _home() -> Path:
    """Return the user's folder; the current one for a user without, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path.cwd()


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=prog,
        usage="%(prog)s [--directory FOLDER] [options]",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--directory",
        type=Path,
        metavar="FOLDER",
        default=data_folder(os.environ),
        help="where the models are (default: %(default)s)",
    )
    _add_model_server(parser)
    _add_phone(parser)
    return parser


def _add_model_server(parser: argparse.ArgumentParser) -> None:
    for name, port in (("gRPC", 8500), ("REST", 8501)):
        variable = f"{name.upper()}_PORT"
        parser.add_argument(
            f"--{name.lower()}-port",
            type=_port,
            metavar="PORT",
            default=_from_environment(variable) or port,
            help=f"the model server's {name} port (default: {variable} or {port})",
        )


def _add_phone(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--phone",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="open the demo to phones in your network: serve it over HTTPS on this machine's "
        "address, and print a QR code that leads a phone through the setup",
    )
    parser.add_argument(
        "--phone-port",
        type=_port,
        metavar="PORT",
        help="port of the setup page for phones (default: the gateway's, plus 1)",
    )


def _phone(options: argparse.Namespace, port: int) -> Phone | None:
    """Return what ``--phone`` adds. Raises NoAddress and WrongSetting."""
    if options.phone is None:
        return None
    from framewire.phone import setup  # cryptography, which everything else does without

    options.phone_port = options.phone_port or port + 1
    try:
        # Not among the models: a phone that trusts the authority does so for every checkout.
        folder = data_folder(os.environ) / "phone"
        return setup.prepare(folder, options.phone, port, options.phone_port)
    except OSError as error:
        raise WrongSetting(f"cannot write the certificates: {error}") from None


def _from_environment(variable: str) -> str:
    """Return a port. Kubernetes sets a URL there, for a Service named ``grpc`` or ``rest``."""
    text = os.environ.get(variable, "")
    return "" if "://" in text else text


def _port(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"must be a port, not {text!r}")
    return int(text)


def _check_ports(settings: Settings, options: argparse.Namespace) -> None:
    """Report a port that is in use, before anything is started. Raises WrongSetting."""
    for flag, host, port in (
        ("--port", settings.host, settings.port),
        ("--grpc-port", _LOOPBACK, options.grpc_port),
        ("--rest-port", _LOOPBACK, options.rest_port),
        *([] if options.phone is None else [("--phone-port", settings.host, options.phone_port)]),
    ):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, UnicodeError) as error:  # UnicodeError: an impossible name
                # Whatever else is wrong with the address, the gateway explains.
                if getattr(error, "errno", None) == errno.EADDRINUSE:
                    raise WrongSetting(
                        f"port {port} is in use; choose another with {flag}"
                    ) from None


def _export(directory: Path, environment: Mapping[str, str]) -> int:
    """Export the demo model unless it is there. Returns the exit status.

    A process of its own, so that TensorFlow's memory is not held while the demo runs. If the
    checkpoint changed after the export, that process compares the two, and says what it finds.
    """
    if _is_up_to_date(directory / MODEL):  # importing the exporter to find out would take longer
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    command = _module("export", "savedmodel", "--if-missing", f"--output={directory / MODEL}")
    with subprocess.Popen(command, env=environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.terminate()
            raise


def _is_up_to_date(model: Path) -> bool:
    """Return whether the model has a version, and none of the checkpoint's files is newer."""
    try:
        folders = [entry for entry in os.scandir(model) if entry.is_dir()]
        versions = [one for one in folders if one.name.isascii() and one.name.isdecimal()]
        newest = max(versions, key=lambda version: int(version.name), default=None)
        trained = max(file.stat().st_mtime for file in CHECKPOINT.iterdir())
        return newest is not None and newest.stat().st_mtime >= trained
    except (OSError, ValueError):  # which the exporter explains, if it is more than no folder
        return False


def _serve(
    options: argparse.Namespace,
    gateway_flags: Sequence[str],
    phone: Phone | None,
    environment: Mapping[str, str],
) -> int:
    from framewire import foreground  # honcho, which --help does without

    commands = {
        "gateway": _gateway(gateway_flags, options.directory, options.grpc_port),
        "modelserver": _model_server(options.directory, options.grpc_port, options.rest_port),
    }
    if phone is not None:
        commands["phone"] = _module("framewire.phone", *phone.guide)
    return foreground.run(commands, environment)


def _gateway(flags: Sequence[str], directory: Path, grpc_port: int) -> list[str]:
    config = f"--model-config={directory / CONFIG}"
    return _module("server", config, *flags, f"--backend={_LOOPBACK}:{grpc_port}")


def _model_server(directory: Path, grpc_port: int, rest_port: int) -> list[str]:
    """With every released model, if there was a release, and with the demo model before."""
    config = directory / CONFIG
    models = (
        [f"--model_config_file={config}", "--allow_version_labels_for_unavailable_models"]
        if config.exists()
        else [f"--model_name={MODEL}", f"--model_base_path={directory / MODEL}"]
    )
    return _module(
        "modelserver",
        f"--host={_LOOPBACK}",
        f"--port={grpc_port}",
        f"--rest_api_port={rest_port}",
        *models,
        "--enable_grpc_healthcheck_service",
    )


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
