"""``loadtest speed``: what it sends, what it compares with, and its table."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgpack
import pytest

from loadtest import websocket
from loadtest.camera import Frame
from loadtest.measure import Measure
from loadtest.speed import echo, report
from loadtest.speed.line import Line
from loadtest.stack import free_port

GOOD = Line(Measure("cost", 50.0, 60.0, "us"), "45 to 55 us")
BAD = Line(Measure("share", 0.9, 0.97, at_least=True))


@pytest.mark.parametrize("size", [None, (480, 640)])
def test_frames_say_how_large_raw_pictures_are(size: tuple[int, int] | None) -> None:
    frame = Frame(b"pixels", "rgba", size)
    sent = b"".join(frame.parts(7))
    assert len(sent) == frame.size
    # Servers do not mask, and the load test masks with zeros: without them, it can read itself.
    [(opcode, payload)], rest = websocket.messages(bytes([sent[0], sent[1] & 0x7F]) + sent[6:])
    assert (opcode, rest) == (websocket.BINARY, b"")
    sized = {} if size is None else {"width": 480, "height": 640}
    fields = {"type": "frame", "id": 7, "format": "rgba", **sized, "data": b"pixels"}
    assert msgpack.unpackb(payload) == fields


async def test_the_echo_comes_back_whole_and_again() -> None:
    pytest.importorskip("websockets")
    port = free_port()
    server = asyncio.ensure_future(echo.serve(port))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 20
    client = None
    while client is None:
        assert not server.done()
        assert loop.time() < deadline
        try:
            _, client = await loop.create_connection(
                lambda: echo._Client(bytes(200_000)), "127.0.0.1", port
            )
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
    while client.echoed < 3:
        assert loop.time() < deadline
        await asyncio.sleep(0.01)
    client.leave()
    server.cancel()


def test_the_table_has_targets_and_what_was_reached() -> None:
    rows = report.table([GOOD, BAD], "here").splitlines()
    assert "| cost | ≤ 60 us | 50 us | 45 to 55 us |" in rows
    assert "| share | ≥ 0.97 | **0.9** |  |" in rows


@pytest.mark.parametrize(
    ("lines", "names", "reached", "written"),
    [([GOOD], [], True, True), ([GOOD, BAD], [], False, True), ([GOOD], ["raw"], True, False)],
)
def test_a_complete_run_writes_the_pages(
    lines: list[Line],
    names: list[str],
    reached: bool,
    written: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = tmp_path / "performance.md", tmp_path / "performance.zh-CN.md"
    for page in pages:
        page.write_text("<!-- begin speed -->\n<!-- end speed -->\n")
    monkeypatch.setattr(report, "PAGES", pages)
    monkeypatch.setattr(report, "GROUPS", ("gateway",))
    monkeypatch.setattr(report, "_lines", lambda *_: iter(lines))
    assert report.run(tmp_path, names, quick=False) == reached
    assert all(("| cost |" in page.read_text()) == written for page in pages)
