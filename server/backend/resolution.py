"""The addresses of model servers: as given, or behind names that are looked up again and again.

gRPC looks a name up only when a connection breaks, so it would not find a model server that was
added. Here each address of a name becomes a model server of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence

log = logging.getLogger(__name__)

LOOKUP_INTERVAL_S = 2.0
SCHEME = "dns:///"

LookUp = Callable[[str, int], Awaitable[set[str]]]
"""Return the addresses (``HOST:PORT``) behind a name and a port. Raises OSError."""


def split(backend: str) -> list[str]:
    """Return the entries of the setting ``backend``, each once."""
    return list(dict.fromkeys(entry.strip() for entry in backend.split(",")))


def is_fixed(entries: Sequence[str]) -> bool:
    """Return whether ``entries`` are one address, and stay one."""
    return len(entries) == 1 and not entries[0].startswith(SCHEME)


class Resolution:
    """Follows ``entries``: addresses, and names whose addresses may change.

    Calls ``changed`` with all addresses at the start, and whenever they change. A name that
    cannot be looked up keeps the addresses that it had.
    """

    def __init__(
        self,
        entries: Sequence[str],
        changed: Callable[[set[str]], None],
        look_up: LookUp | None = None,
    ) -> None:
        self._fixed = {entry for entry in entries if not entry.startswith(SCHEME)}
        self._names = [entry for entry in entries if entry.startswith(SCHEME)]
        self._changed = changed
        self._look_up = look_up or addresses
        self._behind: dict[str, set[str]] = {}
        self._failures: dict[str, str] = {}
        self._reported: set[str] | None = None

    @property
    def failures(self) -> list[str]:
        """Why names could not be looked up the last time."""
        return [f"{name}: {reason}" for name, reason in self._failures.items()]

    async def follow(self) -> None:
        """Look the names up every ``LOOKUP_INTERVAL_S``, each without waiting for the others."""
        if self._fixed:
            self._report()
        await asyncio.gather(*map(self._follow, self._names))

    async def _follow(self, name: str) -> None:
        host, _, port = name.removeprefix(SCHEME).rpartition(":")
        while True:
            try:
                self._behind[name] = await self._look_up(host.strip("[]"), int(port))
                if self._failures.pop(name, None):
                    log.info("%(name)s can be looked up again", {"name": name})
            except OSError as error:
                self._failed(name, error.strerror or str(error))
            self._report()
            await asyncio.sleep(LOOKUP_INTERVAL_S)

    def _failed(self, name: str, reason: str) -> None:
        if name not in self._failures:
            kept = "; keeping its addresses" if name in self._behind else ""
            fields = {"name": name, "reason": reason}
            log.warning(f"%(name)s cannot be looked up: %(reason)s{kept}", fields)
        self._failures[name] = reason

    def _report(self) -> None:
        found = self._fixed.union(*self._behind.values())
        if found != self._reported:
            self._reported = found
            self._changed(found)


async def addresses(host: str, port: int) -> set[str]:
    """Return the addresses behind ``host``, as the system resolves names.

    They are those of IPv4 if there are any, and otherwise those of IPv6, so that a server
    with both is not counted twice. Raises OSError.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[list[tuple[int, str]]] = loop.create_future()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            _settle(loop, result, OSError(getattr(error, "strerror", None) or str(error)))
        else:
            _settle(loop, result, [(family, str(address[0])) for family, *_, address in found])

    # A thread that nobody waits for: a name server that does not answer would keep the
    # gateway from stopping for half a minute.
    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return _preferred(await result, port)


def _settle(
    loop: asyncio.AbstractEventLoop,
    result: asyncio.Future[list[tuple[int, str]]],
    outcome: list[tuple[int, str]] | OSError,
) -> None:
    """Complete ``result`` on its loop, unless that has ended or nobody waits any more."""

    def complete() -> None:
        if result.done():
            return
        if isinstance(outcome, OSError):
            result.set_exception(outcome)
        else:
            result.set_result(outcome)

    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(complete)


def _preferred(found: Iterable[tuple[int, str]], port: int) -> set[str]:
    pairs = list(found)
    ipv4 = {f"{address}:{port}" for family, address in pairs if family == socket.AF_INET}
    return ipv4 or {f"[{address}]:{port}" for _, address in pairs}
