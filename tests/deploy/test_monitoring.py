"""The checked-in dashboard and alerts ask for what loaded servers show, by a real Prometheus."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from demomodel import scenes
from loadtest.stack import ROOT, Stack, free_port
from tests.e2e.client import Client
from tests.e2e.film import jpeg

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTS = (PROMETHEUS / "alerts.yml").read_text(encoding="utf-8")
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "framewire.json").read_text(encoding="utf-8"))
PANELS = DASHBOARD["panels"]
MODEL_SERVER_PAGE = "/monitoring/prometheus/metrics"
SCRAPED = {"instance", "job"}  # labels that Prometheus adds
PATIENCE_S = 30.0

Labels = dict[str, set[str]]


def queries() -> Iterator[tuple[str, str]]:
    """Every query of the dashboard and the alerts, with the name of its panel or alert."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], filled_in(target["expr"])
    yield from re.findall(r"- alert: (\w+)\n +expr: (.+)\n", ALERTS)


def filled_in(query: str) -> str:
    """A query as Grafana sends it."""
    for variable in ("$instance", "$model"):
        query = query.replace(variable, ".*")
    return query.replace("$__rate_interval", "1m")


QUERIES = list(queries())


def named_in(query: str) -> Labels:
    """The metrics that a query names, and their labels; those of ``by`` count for each metric."""
    grouped = {
        label.strip()
        for labels in re.findall(r"\bby \(([^)]*)\)", query)
        for label in labels.split(",")
    }
    metrics = r"(?<![\w:])((?:framewire_|process_|:tensorflow:)[\w:]*)(?:\{([^}]*)\})?"
    return {
        metric: {*re.findall(r"(\w+)(?:=~|!=|=)", matchers), *grouped} - SCRAPED
        for metric, matchers in re.findall(metrics, query)
    }


def shown(page: str) -> Labels:
    """The metrics of a page, and the labels of each."""
    found: Labels = {}
    for metric, labels in re.findall(r"^([\w:]+)(?:\{(.*)\})? \S+$", page, re.MULTILINE):
        found.setdefault(metric, set()).update(re.findall(r'(\w+)="', labels))
    return found


def rejected_by_the_model(picture: bytes) -> bytes:
    """Whole by its header and its end; only a decoder sees the impossible Huffman table."""
    table = picture.index(b"\xff\xc4") + 5
    return picture[:table] + b"\xff" * 16 + picture[table + 16 :]


async def load(stack: Stack) -> None:
    """Leave a sample of each metric: results, drops, errors and rejections."""
    picture = jpeg(scenes.render(2, (640, 480)))
    client = await Client.connect(stack.port)
    for _ in range(3):
        assert (await client.ask(picture))["type"] == "result"
    assert (await client.ask(rejected_by_the_model(picture)))["code"] == "bad_frame"
    for number in range(100, 108):
        await client.say({"type": "frame", "id": number, "format": "jpeg", "data": picture})
    assert (await client.expect("dropped"))["reason"] == "superseded"
    await client.say({"type": "nonsense"})
    await client.expect("error")
    await be_closed_for_a_flood(client)
    request = HTTPRequest(f"ws://127.0.0.1:{stack.port}/ws", headers={"Origin": "https://evil"})
    with pytest.raises(HTTPClientError):
        await websocket_connect(request)


async def be_closed_for_a_flood(client: Client) -> None:
    for _ in range(100):
        await client.say({"type": "ping"})
    with pytest.raises(AssertionError, match="1008"):
        await client.expect("the end")


@pytest_asyncio.fixture
async def loaded(demo_stack: Stack) -> AsyncIterator[Stack]:
    """Both servers, with an open session, after every kind of frame and rejection."""
    await load(demo_stack)
    camera = await Client.connect(demo_stack.port)
    yield demo_stack
    camera.close()


def test_there_is_a_query_for_each_panel_and_alert() -> None:
    names = {name for name, _ in QUERIES}
    assert len(names) == len(PANELS) + ALERTS.count("- alert:")


async def test_what_queries_name_is_on_the_pages(loaded: Stack) -> None:
    page = await AsyncHTTPClient().fetch(f"http://127.0.0.1:{loaded.rest_port}{MODEL_SERVER_PAGE}")
    there = {**shown(loaded.get("/metrics")), **shown(page.body.decode())}
    for name, query in QUERIES:
        for metric, labels in named_in(query).items():
            assert metric in there, f"{name}: {metric}"
            assert labels <= there[metric], f"{name}: {metric} has {there[metric]}"


def test_the_metrics_follow_the_conventions(promtool: str, loaded: Stack) -> None:
    page = loaded.get("/metrics").encode()
    run = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True)
    assert (run.returncode, run.stdout + run.stderr) == (0, b"")


@pytest.mark.parametrize("command", ["check rules alerts.yml", "test rules alerts.test.yml"])
def test_the_alerts_fire_when_they_should(promtool: str, command: str) -> None:
    run = subprocess.run(
        [promtool, *command.split()], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_alert_is_tested_firing_and_silent() -> None:
    tested = (PROMETHEUS / "alerts.test.yml").read_text(encoding="utf-8")
    for name in re.findall(r"- alert: (\w+)", ALERTS):
        assert len(re.findall(rf"alertname: {name}\b", tested)) == 2, name


async def test_prometheus_answers_every_query(
    prometheus: str, loaded: Stack, tmp_path: Path
) -> None:
    async with scraping(prometheus, loaded, tmp_path) as ask:
        for name, query in QUERIES:
            if name.startswith("Framewire"):
                query = re.sub(r" (==|>) [\d.]+$", "", query)  # the figure that the alert judges
            assert await ask(query), f"{name}: {query}"


Ask = Callable[[str], Awaitable[list[Any]]]


@asynccontextmanager
async def scraping(program: str, stack: Stack, folder: Path) -> AsyncIterator[Ask]:
    """A Prometheus with the checked-in configuration, which has seen both servers a few times."""
    config = (PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8")
    config = config.replace("15s", "200ms").replace("127.0.0.1:8888", f"127.0.0.1:{stack.port}")
    config = config.replace("127.0.0.1:8501", f"127.0.0.1:{stack.rest_port}")
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    (folder / "alerts.yml").write_text(ALERTS, encoding="utf-8")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )

    async def ask(query: str) -> list[Any]:
        url = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        answer = await AsyncHTTPClient().fetch(url)
        return list(json.loads(answer.body)["data"]["result"])

    try:
        await asyncio.wait_for(scraped(ask), PATIENCE_S)
        yield ask
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


async def scraped(ask: Ask) -> None:
    """Wait until both servers have been scraped three times."""
    while True:
        with suppress(OSError, HTTPClientError):
            if len(await ask("count_over_time(up[1m]) >= 3 and up == 1")) == 2:
                return
        await asyncio.sleep(0.1)
