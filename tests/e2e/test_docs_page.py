"""The page at /docs, from a gateway without a model server and without a network."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from loadtest.stack import Process, free_port
from tests.e2e.conftest import Launch
from tests.server.handlers.documents import ASYNCAPI, DEFS, OPENAPI

START_S = 30.0
GROUND = "getComputedStyle(document.body).backgroundColor"
PHONE = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    port = free_port()
    gateway = Process("server", f"--port={port}", "--backend=127.0.0.1:1", "--log-level=error")
    gateway.start()
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_S
    while not listens(address):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield address
    gateway.terminate()


def listens(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def opened(launch: Launch, url: str, **options: Any) -> Iterator[Page]:
    """Open the page; at the end, nothing must have failed, or been sought elsewhere."""
    context = launch(None, 1).new_context(**options)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(said.text) if said.type == "error" else None)
    page.on("request", lambda sent: sent.url.startswith(url) or failures.append(sent.url))
    page.goto(f"{url}/docs")
    page.wait_for_selector("html[data-state=shown]")
    yield page
    context.close()
    assert not failures


def test_everything_of_the_documents_is_shown(launch: Launch, url: str, artifacts: Path) -> None:
    with opened(launch, url, viewport={"width": 1280, "height": 800}) as page:
        shown = set(page.locator("article code").all_text_contents())
        for name in ASYNCAPI["components"]["messages"]:
            assert name in shown
        for path, item in OPENAPI["paths"].items():
            for method in item.keys() - {"parameters"}:
                assert f"{method.upper()} {path}" in shown
        for definition in DEFS.values():
            assert definition.get("properties", {}).keys() <= shown
            assert {str(one["const"]) for one in definition.get("oneOf", ()) if "const" in one} <= (
                shown
            )
        # In hello, in configure, among an upload's parameters, and in Options.
        assert page.get_by_text("The model. Default: the gateway's setting").count() == 4
        targets = page.eval_on_selector_all(
            "a[href^='#']", "(links) => links.map((link) => link.hash.slice(1))"
        )
        ids = set(page.eval_on_selector_all("[id]", "(all) => all.map((one) => one.id)"))
        assert set(targets) <= ids
        assert page.evaluate(GROUND) == "rgb(244, 246, 244)"
        page.screenshot(path=artifacts / "docs.png")


def test_it_fits_a_phone(launch: Launch, url: str, artifacts: Path) -> None:
    with opened(launch, url, color_scheme="dark", **PHONE) as page:
        widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1]
        assert page.evaluate(GROUND) == "rgb(12, 18, 16)"
        page.get_by_text("Contents").click()
        page.get_by_role("link", name="frame", exact=True).click()
        assert page.url.endswith("#message-frame")
        page.screenshot(path=artifacts / "docs-phone.png")
