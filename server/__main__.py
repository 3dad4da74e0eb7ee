"""``python -m server``: the gateway as a process."""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from server.settings import WrongSetting, load


def main() -> int:
    """Run the gateway; the exit status is 2 where a setting is wrong."""
    try:
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


if __name__ == "__main__":
    sys.exit(main())
