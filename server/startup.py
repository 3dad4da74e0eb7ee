"""What happens once when a gateway starts, whether it is one process or several."""

from __future__ import annotations

import errno
import logging

from server import openfiles
from server.access import audit
from server.settings import Settings, WrongSetting, combinations
from server.transport.listening import ListeningSocket, cannot_listen, open_sockets

log = logging.getLogger("server")

_THIS_MACHINE = {
    **dict.fromkeys(("", "*", "0", "0.0.0.0"), "127.0.0.1"),
    "::": "::1",
}
"""Where this machine reaches a gateway that listens on all interfaces."""


def listen(settings: Settings) -> list[ListeningSocket]:
    """Open the listening sockets. Raises WrongSetting if the address is not available."""
    try:
        return open_sockets(settings.host, settings.port)
    except (OSError, ValueError) as error:  # ValueError: an impossible host name
        other = "; choose another with --port or PORT" if _in_use(error) else ""
        problem = cannot_listen(settings.host, settings.port, error)
        raise WrongSetting(f"{problem}{other}") from None


def warn(settings: Settings) -> None:
    """Log what an operator should know about this gateway's environment and settings."""
    few_files = openfiles.shortage(openfiles.raise_limit(), settings.max_sessions)
    if few_files:
        log.warning(few_files)
    for line in combinations.warnings(settings):
        log.warning(line)
    for line in audit.warnings(settings):
        log.warning("INSECURE: %(problem)s", {"problem": line})


def page_url(settings: Settings, port: int) -> str:
    """Return the address of the gateway's page, as this machine can open it."""
    host = _THIS_MACHINE.get(settings.host, settings.host)
    name = f"[{host}]" if ":" in host else host
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{name}:{port}/"


def _in_use(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno == errno.EADDRINUSE
