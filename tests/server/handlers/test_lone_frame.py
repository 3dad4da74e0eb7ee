"""The way of a lone warm frame: the functions it really passes, and how many calls that takes.

A client's socket, the gateway on this thread's loop, a real gRPC channel, and a puppet
model server behind it.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import pytest_asyncio

from server.backend.serving import TensorFlowServing
from tests.server.backend.puppet_models import detector
from tests.server.backend.puppet_server import Puppet
from tests.server.handlers.conftest import Serve
from tests.server.handlers.socket_client import SocketClient

ROOT = Path(__file__).resolve().parents[3]
SERVER = ROOT / "server"
WARM_UP = 20
MOST_CALLS = 140
"""Calls of the project's own functions that a lone frame may cost, generated ones included."""

# What the model server's connection asks for besides, at times that have to do with no frame.
UPKEEP = {f"ClientProtocol._on_{kind}" for kind in ("ping", "window", "settings")}
MOST_ATTEMPTS = 50

GENERATED = "<string>"  # methods of dataclasses and named tuples
ANONYMOUS = re.compile(r"<(listcomp|dictcomp|setcomp|genexpr|lambda)>$")


@dataclass
class Trace:
    """The Python calls on this thread between a frame's bytes and its result's.

    ``calls`` has each call's file and qualified name, in order; a coroutine that goes
    on counts as a call again. The trace begins as the frame is received from the
    socket, and ends as its result is handed to the socket.
    """

    calls: list[tuple[str, str]] = field(default_factory=list)
    began: bool = False
    ended: bool = False

    def restart(self) -> None:
        """Forget what was traced, and trace the next frame."""
        self.calls.clear()
        self.began = self.ended = False

    @property
    def undisturbed(self) -> bool:
        """Whether the model server sent nothing but its answer, and nothing held the frame up.

        One that waited for the processor has a deadline that none before had.
        """
        names = [name for _, name in self.calls]
        alone = names.count("Connection._on_readable") == 1
        return alone and not {"ClientProtocol._on_ping", "_timeout"} & set(names)

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call" and not self.began:
            self.began = arg.__name__ == "recv_into"
        elif self.began and not self.ended:
            if event == "call":
                code = frame.f_code
                name = getattr(code, "co_qualname", code.co_name)
                self.calls.append((code.co_filename, name))
            self.ended = event == "c_call" and arg.__name__ == "send"


@pytest.fixture
def model_server() -> Iterator[Puppet]:
    server = Puppet()
    server.models["digits", None] = server.models["digits", "stable"] = detector()
    server.start()
    yield server
    server.stop()


@pytest_asyncio.fixture
async def puppet(model_server: Puppet) -> AsyncIterator[TensorFlowServing]:
    """Instead of the puppet backend: the real one."""
    backend = TensorFlowServing(model_server.address)
    yield backend
    await backend.close()


@pytest_asyncio.fixture
async def trace(serve: Serve) -> Trace:
    """One frame's trace, after others of the same session."""
    served = serve(label="stable")  # which is there, so that no look-up runs meanwhile
    await asyncio.wait_for(served.gateway.became_ready(), 20)
    loop = asyncio.get_running_loop()
    trace, armed = Trace(), threading.Event()

    def arm() -> None:
        trace.restart()
        sys.setprofile(trace)
        armed.set()

    async def shoot() -> None:
        """A client on a loop and a thread of its own."""
        client = await SocketClient.open(served)
        for number in range(WARM_UP):
            await client.works(number)
        for number in range(WARM_UP, WARM_UP + MOST_ATTEMPTS):
            await asyncio.sleep(0.05)  # for what the gateway still has to do for the last one
            armed.clear()
            loop.call_soon_threadsafe(arm)
            armed.wait(20)
            await client.works(number)
            if trace.undisturbed:
                break
        client.socket.close()

    try:
        await asyncio.to_thread(asyncio.run, shoot())
    finally:
        sys.setprofile(None)
    assert trace.ended
    assert trace.undisturbed
    return trace


def own(trace: Trace) -> list[tuple[str, str]]:
    """The calls of the project's functions: module below ``server``, and qualified name."""
    calls = []
    for file, name in trace.calls:
        if name in UPKEEP:
            continue
        if file == GENERATED:
            calls.append((file, name))
        elif file.startswith(f"{SERVER}/"):
            calls.append((str(Path(file).relative_to(SERVER).with_suffix("")), name))
    return calls


def way(calls: list[tuple[str, str]]) -> list[str]:
    """The functions in the order in which the frame reaches them, a line for each module."""
    named = [c for c in calls if c[0] != GENERATED and not ANONYMOUS.search(c[1])]
    functions = list(dict.fromkeys(named))
    return [
        f"{module}: {', '.join(name for _, name in group)}"
        for module, group in itertools.groupby(functions, key=lambda call: call[0])
    ]


def documented() -> list[str]:
    """The way of a frame as docs/architecture.md has it, in the same form."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^## The way of a frame\n.*?^```\n(.*?)^```$", text, re.M | re.S)
    # A module's functions may go on in the next line, which is indented.
    return re.sub(r",\n\s+", ", ", block).splitlines()


async def test_a_lone_frame_costs_no_more_calls_than_it_did(trace: Trace) -> None:
    calls = own(trace)
    assert len(calls) <= MOST_CALLS, "\n".join(f"{module}: {name}" for module, name in calls)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="functions have no qualified names")
async def test_the_way_of_a_frame_is_the_documented_one(trace: Trace) -> None:
    assert documented() == way(own(trace)), "\n".join(way(own(trace)))
