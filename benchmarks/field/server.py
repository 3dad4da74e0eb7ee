"""A server that runs: from its start to its first answer, and to its end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.field.systems import Ports, System
from benchmarks.field.tree import Tree
from loadtest.cameras.source import Picture
from loadtest.cameras.target import Target
from loadtest.stack import ROOT, free_port

START_S = 180.0
ANSWER_S = 20.0
RETRY_S = 0.25
# Nobody is told about these runs.
_NO_TELEMETRY = {"RAY_USAGE_STATS_ENABLED": "0", "BENTOML_DO_NOT_TRACK": "True"}


class NotServing(Exception):
    """A server did not answer a frame; the message says where its log is."""


@contextlib.contextmanager
def serving(
    system: System, model: Path, picture: Picture, log: Path
) -> Iterator[tuple[Target, list[Tree]]]:
    """Start a server, wait until it answers a frame, and stop it in the end.

    Raises :class:`NotServing`.
    """
    ports = Ports(free_port(), free_port())
    log.unlink(missing_ok=True)
    with contextlib.ExitStack() as stopping:
        trees = []
        for command in system.commands(model, ports):
            trees.append(Tree(command, {"PYTHONPATH": str(ROOT), **_NO_TELEMETRY}, log))
            stopping.callback(trees[-1].stop)
        target = system.target(ports.http)
        _wait(target, trees, picture, log)
        yield target, trees


def _wait(target: Target, trees: Sequence[Tree], picture: Picture, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            outcome = asyncio.run(_ask(target, picture))
            if outcome["type"] == "result":
                return
        except (OSError, asyncio.TimeoutError) as error:
            outcome = {"type": type(error).__name__, "message": str(error)}
        if time.monotonic() > deadline or not all(tree.running for tree in trees):
            raise NotServing(f"it answered no frame ({outcome}); its log is {log}")
        time.sleep(RETRY_S)


async def _ask(target: Target, picture: Picture) -> dict[str, Any]:
    """Send one frame. Returns its outcome."""
    outcome: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def on_message(message: dict[str, Any]) -> None:
        if not outcome.done() and "id" in message:
            outcome.set_result(message)

    def on_lost() -> None:
        if not outcome.done():
            outcome.set_exception(ConnectionError("the connection was closed"))

    session = await target.session(on_message, on_lost, 0)
    try:
        await session.opened()
        session.send(target.message(picture), 0)
        return await asyncio.wait_for(outcome, ANSWER_S)
    finally:
        session.leave()
