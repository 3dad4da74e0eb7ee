"""``python -m server``: the gateway as a process, or one of the commands ``key`` and ``token``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from server import signalqueue

if TYPE_CHECKING:  # imported only once signals are kept
    from server.settings import Settings

COMMANDS = ("key", "token")
# What the extra `serve` installs.
_NEEDS = ("grpc", "tensorflow_serving", "numpy", "prometheus_client", "hpack")


def run(arguments: Sequence[str], prog: str = "python -m server") -> int:
    """Run the gateway or a command. Returns the exit status: 2 if it cannot run."""
    is_command = bool(arguments) and arguments[0] in COMMANDS
    if not is_command:
        signalqueue.queue()
    from framewire.output import tolerate_closed_output
    from server.settings import WrongSetting, load

    tolerate_closed_output("framewire")
    try:
        if is_command:
            print(_run_command(arguments[0], arguments[1:], f"{prog} {arguments[0]}"))
            return 0
        return _serve(load(arguments, os.environ, prog), prog)
    except WrongSetting as error:
        print(f"framewire: {error}", file=sys.stderr)
        return 2
    finally:
        print(end="", flush=True)


def _serve(settings: Settings, prog: str) -> int:
    """Serve in this process, or in several. Returns the exit status."""
    if missing := [module for module in _NEEDS if find_spec(module) is None]:
        what = f"{', '.join(missing)} not installed; run: pip install 'framewire[serve]'"
        print(f"{prog}: {what}", file=sys.stderr)
        return 2
    # Imported here, so that --help and a wrong setting answer at once.
    import asyncio
    import logging

    from server import logs, openfiles
    from server.settings import servicelinks

    openfiles.check(openfiles.raise_limit())

    budget = logs.configure(settings.log_level, settings.log_format)
    for line in servicelinks.warnings(os.environ):
        logging.getLogger("server").warning(line)

    workers = settings.workers or len(os.sched_getaffinity(0))

    async def run() -> int:
        reports = asyncio.ensure_future(budget.keep_reporting())
        try:
            return await (_supervise(settings, workers) if workers > 1 else _serve_alone(settings))
        finally:
            reports.cancel()

    try:
        return asyncio.run(run())
    finally:
        signalqueue.queue().close()


async def _serve_alone(settings: Settings) -> int:
    from server.app import serve

    await serve(settings)
    return 0


async def _supervise(settings: Settings, workers: int) -> int:
    from server.workers.supervisor import supervise

    return await supervise(settings, workers)


def _run_command(name: str, arguments: Sequence[str], prog: str) -> str:
    from server.settings import WrongSetting

    try:
        from server.access.command import COMMANDS
    except ImportError:
        raise WrongSetting(
            f"{name}: PyJWT is not installed; run: pip install 'framewire[auth]'"
        ) from None
    return COMMANDS[name](arguments, os.environ, prog)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
