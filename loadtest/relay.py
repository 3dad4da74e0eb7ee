"""``python -m loadtest.relay``: a TCP relay that delays what passes, as distance does.

Each direction is delayed by half of the round trip. The throughput is not limited.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib


async def serve(port: int, target: int, round_trip_ms: float) -> None:
    """Relay connections from ``port`` to ``target``, both on loopback, until cancelled."""
    delay_s = round_trip_ms / 2000

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection("127.0.0.1", target)
        except ConnectionRefusedError:  # the model server has not started yet
            writer.close()
            return
        await asyncio.gather(_relay(reader, there[1], delay_s), _relay(there[0], writer, delay_s))

    server = await asyncio.start_server(connected, "127.0.0.1", port)
    await server.serve_forever()


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay_s: float
) -> None:
    """Pass on what arrives, and the end of it, ``delay_s`` later."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(2**18):
            loop.call_later(delay_s, writer.write, data)
    loop.call_later(delay_s, writer.close)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m loadtest.relay", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("target", type=int)
    parser.add_argument("round_trip_ms", type=float)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(options.port, options.target, options.round_trip_ms))
