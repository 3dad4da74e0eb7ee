"""``make compare``: cameras of other servers, their processes, and the pages that it writes."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tornado import web, websocket
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from benchmarks.field import page
from benchmarks.field.measurement import Level, Measured
from benchmarks.field.peers import HttpPeer, WebSocketPeer
from benchmarks.field.results import Circumstances, Direct, Results, Row, from_json, to_json
from benchmarks.field.tree import Tree
from benchmarks.field.words import CHINESE, ENGLISH
from loadtest.cameras import worker
from loadtest.cameras.profile import Profile
from loadtest.cameras.source import Picture
from loadtest.cameras.target import Target
from tests.website import languages

ANSWER = json.dumps({"boxes": [[0, 0, 1, 1]], "scores": [0.9], "classes": [1]})
PICTURE = Picture("jpeg", b"\xff\xd8 a picture")
ROOT = Path(__file__).resolve().parents[2]


# Cameras


class Socket(websocket.WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        assert message == PICTURE.data
        self.write_message(ANSWER)


class Post(web.RequestHandler):
    def post(self, kind: str) -> None:
        if kind == "wrapped":
            assert json.loads(self.request.body) == {"pictures": ["/9ggYSBwaWN0dXJl"]}
            self.write(f"[{ANSWER}]")
            return
        assert self.request.body == PICTURE.data
        if kind == "failing":
            self.set_status(503)
        elif kind == "empty":
            self.write("{}")
        else:
            self.write(ANSWER)
            if kind == "chunked":
                self.flush()
                self.write("\n")


@pytest.fixture
async def port() -> Iterator[int]:
    socket, port = bind_unused_port()
    server = HTTPServer(web.Application([("/ws", Socket), ("/(.*)", Post)]))
    server.add_socket(socket)
    yield port
    server.stop()


async def outcomes(target: Target) -> Counter[str]:
    """What becomes of the frames of two cameras at 40 frames/s within a second."""
    profile = Profile(2, 40.0, 1.0, ramp_s=0.05, warm_up_s=0.0)
    started_at = time.monotonic()
    share = await worker.run(worker.Task(profile, target, [PICTURE], range(2)), started_at)
    assert not share.recording.failures
    return share.recording.totals


async def test_cameras_over_web_socket(port: int) -> None:
    seen = await outcomes(WebSocketPeer("127.0.0.1", port, "/ws", False, "127.0.0.1"))
    assert seen.total() >= 10
    assert seen["result"] >= seen.total() - seen["not_connected"] - seen["unsent"] > 0


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("whole", "result"),
        ("chunked", "result"),
        ("wrapped", "result"),
        ("failing", "error http_503"),
        ("empty", "error no_boxes"),
    ],
)
async def test_cameras_over_http(port: int, path: str, outcome: str) -> None:
    wrap = "pictures" if path == "wrapped" else None
    seen = await outcomes(HttpPeer("127.0.0.1", port, f"/{path}", False, "127.0.0.1", wrap=wrap))
    assert seen[outcome] >= seen.total() - seen["not_connected"] - seen["unsent"] > 0


# Processes


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_tree_ends_with_its_orphans(tmp_path: Path) -> None:
    log = tmp_path / "log"
    tree = Tree(["sh", "-c", "(sleep 60 & echo $!); sleep 60"], {}, log)
    deadline = time.monotonic() + 30
    while not log.read_text().strip():
        assert time.monotonic() < deadline
    orphan = int(log.read_text())
    assert tree.pss_mb() > 0
    assert alive(orphan)
    tree.stop()
    assert not tree.running
    assert not alive(orphan)


# Pages


def results() -> Results:
    level = Level(40, [120.0, 130.0, 110.0], [1.0, 1.0, 0.999], True, None)
    good = Measured(7.5, 700.0, 1.5, 40, [level], 120, 650.0, 60.0, 140.0, 700.0)
    late = replace(good, cameras=20, lone_p50_ms=4.0, overload_p99_ms=math.nan, levels=[])
    return Results(
        Circumstances("2026-01-31", 1440.0, 2, "a processor", 0.1, "3.11.7", "2.21.0", "c", "p"),
        [Direct(16, 3, 750.0, 60.0)],
        [
            Row("framewire", "Framewire", "0.2.0", "does", good),
            Row("bentoml", "BentoML", "1.4.40", "does", late),
            Row("ray", "Ray Serve", "2.60.0", "does", None, "it answered no frame"),
        ],
    )


def test_results_survive_json() -> None:
    once = to_json(results())
    assert to_json(from_json(once)) == once
    assert math.isnan(from_json(once).rows[1].measured.overload_p99_ms)  # type: ignore[union-attr]


def test_the_report_is_honest() -> None:
    text = page.report(results(), ENGLISH)
    assert "| BentoML 1.4.40 | 20 | 700 | 4.0 ms | 1.50 ms | 0.93 | nothing answered | " in text
    assert "Framewire serves 2.00 times the cameras of the best other one, BentoML." in text
    assert "Better than Framewire by age with one camera: BentoML." in text
    assert "Ray Serve 2.60.0 was not measured: it answered no frame" in text


def test_the_report_in_chinese_has_the_same_figures() -> None:
    text = page.report(results(), CHINESE)
    assert "| BentoML 1.4.40 | 20 | 700 | 4.0 ms | 1.50 ms | 0.93 | 没有应答 | " in text
    assert "最好的 BentoML 的 2.00 倍。" in text
    assert "在单路摄像头的延迟方面优于 Framewire 的：BentoML。" in text


def test_publishing_writes_pages_and_charts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    for source in (*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/*.zh-CN.*")):
        shutil.copy(source, tmp_path / source.relative_to(ROOT))
    written = page.publish(results(), to_json(results()))
    assert all(os.path.getsize(tmp_path / name) for name in written)
    for chart in ("docs/benchmarks.svg", "docs/cameras.svg"):
        ElementTree.parse(tmp_path / chart)
    for english in (tmp_path / "README.md", tmp_path / "docs" / "benchmarks.md"):
        chinese = languages.chinese(english)
        for part in (languages.rows, languages.names):
            assert part(english) == part(chinese)
        assert languages.links_in_chinese(english) == languages.links(chinese)
    assert "docs/cameras.svg" in languages.links(tmp_path / "README.md")
