"""``python -m framewire.phone``: serve the guide, and print its address once the gateway is ready.

``framewire demo --phone`` starts it.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import ssl
import sys
from pathlib import Path

import segno
from tornado.httpclient import AsyncHTTPClient, HTTPError

from framewire.phone.guide import application
from framewire.phone.texts import TERMINAL

_POLL_S = 0.2


def main() -> None:
    """Run until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m framewire.phone")
    parser.add_argument("--address", required=True, help="this machine's, for the phone")
    parser.add_argument("--port", type=int, required=True, help="of the guide")
    parser.add_argument("--gateway-port", type=int, required=True)
    parser.add_argument("--authority", type=Path, required=True, help="the certificate's file")
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):  # its encoding may lack the blocks of a QR code
        sys.stdout.reconfigure(errors="replace")
    try:
        asyncio.run(_serve(options))
    except KeyboardInterrupt:
        return


async def _serve(options: argparse.Namespace) -> None:
    host = f"[{options.address}]" if ":" in options.address else options.address
    page = f"https://{host}:{options.gateway_port}/"
    guide = f"http://{host}:{options.port}/"
    application(page, options.authority).listen(options.port, options.address)
    await _until_ready(f"{page}readyz", options.authority)
    print(terminal(guide, page), flush=True)
    await asyncio.Event().wait()


async def _until_ready(url: str, authority: Path) -> None:
    """Ask as a phone will: over TLS, trusting nothing but the authority. Raises ``SSLError``."""
    client = AsyncHTTPClient()
    while True:
        try:
            await client.fetch(url, ca_certs=str(authority))
            return
        except ssl.SSLError:  # it will not get better
            raise
        except (OSError, HTTPError):
            await asyncio.sleep(_POLL_S)


def terminal(guide: str, page: str) -> str:
    """Return what the terminal shows: the guide's address, as text and as a QR code."""
    code = io.StringIO()
    segno.make(guide, error="l", micro=False).terminal(code, compact=True, border=2)
    return TERMINAL.substitute(guide=guide, page=page, code=code.getvalue())


if __name__ == "__main__":
    main()
