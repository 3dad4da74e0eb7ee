"""``python -m server``: the gateway as a process, or one of the commands ``key`` and ``token``."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from server.settings import WrongSetting, load


def main() -> int:
    """Run the gateway or a command; the exit status is 2 where a setting is wrong."""
    try:
        if sys.argv[1:2] in (["key"], ["token"]):
            print(_command(sys.argv[1], sys.argv[2:]))
            return 0
        settings = load(sys.argv[1:], os.environ)
        logging.basicConfig(
            level=settings.log_level.upper(),
            format="%(asctime)s %(levelname)s %(name)s: %(message)s",
            datefmt="%H:%M:%S",
        )
        # Imported here, so that --help and a wrong setting answer at once.
        from server.app import serve

        asyncio.run(serve(settings))
    except WrongSetting as error:
        print(f"framewire: {error}", file=sys.stderr)
        return 2
    return 0


def _command(name: str, arguments: list[str]) -> str:
    try:
        from server.access.command import COMMANDS
    except ImportError:
        raise WrongSetting(f"{name}: PyJWT is missing; install framewire[auth]") from None
    return COMMANDS[name](arguments, os.environ)


if __name__ == "__main__":
    sys.exit(main())
