"""How evenly the kernel spreads connections over sockets that share a port with SO_REUSEPORT."""

from __future__ import annotations

import contextlib
import socket
from collections import Counter
from collections.abc import Iterator

from loadtest.camera import address


def even_rounds(sockets: int, connections: int, tolerance: float, rounds: int) -> float:
    """Return the fraction of ``rounds`` in which every socket is near its equal share."""
    equal = connections / sockets
    even = 0
    for _ in range(rounds):
        counts = _accepted(sockets, connections)
        even += all(abs(counts[n] - equal) <= tolerance * equal for n in range(sockets))
    return even / rounds


def _accepted(sockets: int, connections: int) -> Counter[int]:
    """Connect to sockets that share a port; return how many connections each one got."""
    counts: Counter[int] = Counter()
    with contextlib.ExitStack() as opened:
        listening = list(_listening(sockets, connections, opened))
        target = listening[0].getsockname()
        for number in range(connections):
            opened.enter_context(socket.create_connection(target, source_address=address(number)))
        for number, one in enumerate(listening):
            with contextlib.suppress(BlockingIOError):
                while True:
                    one.accept()[0].close()
                    counts[number] += 1
    return counts


def _listening(
    count: int, connections: int, opened: contextlib.ExitStack
) -> Iterator[socket.socket]:
    port = 0
    for _ in range(count):
        one = opened.enter_context(socket.socket())
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind(("127.0.0.1", port))
        port = one.getsockname()[1]
        one.listen(connections)
        one.setblocking(False)
        yield one
