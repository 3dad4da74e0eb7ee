"""The dashboard in a browser, before a gateway with a session that gets results."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from framewire.client import Client
from loadtest.stack import Stack, free_port
from tests.conftest import gateway_with
from tests.e2e.conftest import Launch

TOKEN = "correct-horse-battery-staple"
DESKTOP = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}}
PHONE = {
    "locale": "zh-CN",
    "color_scheme": "dark",
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
GROUND = "getComputedStyle(document.body).backgroundColor"
WIDTHS = "[document.documentElement.scrollWidth, innerWidth]"
DENIED = "the server responded with a status of 401"
"""What the browser says of a refused act, which is expected."""


@pytest.fixture
def dashboard(stack: Stack, tmp_path: Path) -> Iterator[str]:
    tokens, port = tmp_path / "admin.tokens", free_port()
    tokens.write_text(f"alice {TOKEN}")
    with gateway_with(stack, f"--admin={port}", f"--admin-tokens={tokens}"):
        yield f"http://127.0.0.1:{port}/dashboard/"


@contextmanager
def opened(launch: Launch, url: str, **options: Any) -> Iterator[Page]:
    """Open the page; at the end, nothing must have failed, or been sought elsewhere."""
    context = launch(None, 1).new_context(**options)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(said.text) if said.type == "error" else None)
    origin = url.removesuffix("dashboard/")
    page.on("request", lambda sent: sent.url.startswith(origin) or failures.append(sent.url))
    page.goto(url)
    page.wait_for_selector("html[data-state=ready]")
    yield page
    context.close()
    assert not [failure for failure in failures if DENIED not in failure]


def figures(dashboard: str) -> dict[str, Any]:
    url = dashboard.replace("dashboard/", "admin/figures")
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def test_an_operator_sees_and_acts(
    launch: Launch, stack: Stack, dashboard: str, artifacts: Path
) -> None:
    with Client(f"{stack.url.replace('http', 'ws')}ws") as client:
        for _ in range(3):
            client.infer(Image.new("RGB", (192, 192)))
        with opened(launch, dashboard, **DESKTOP) as page:
            expect(page.locator("[data-tile=sessions] dd")).to_have_text("1 of 1,024")
            expect(page.locator("#frames-chart path.area.result")).to_be_visible()
            expect(page.locator("#servers .server.ready")).to_have_text("ready")
            expect(page.locator("#versions tbody tr")).to_contain_text("100 %")
            page.keyboard.press("/")
            page.keyboard.type("nobody")
            expect(page.get_by_text("No session matches the filter.")).to_be_visible()
            page.locator("#filter").fill("digits")
            page.locator("#sessions tbody a").click()
            expect(page.locator("#session dl")).to_contain_text("digits 1")
            page.keyboard.press("Escape")
            page.locator("#frames-chart svg").focus()
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("ArrowLeft")
            expect(page.locator("#frames-chart .legend .time")).to_be_visible()
            page.screenshot(path=artifacts / "dashboard.png", full_page=True)
            asks_first(page, dashboard)
        with opened(launch, dashboard, **PHONE) as page:
            wide, inner = page.evaluate(WIDTHS)
            assert wide <= inner
            assert page.evaluate(GROUND) == "rgb(12, 18, 16)"
            expect(page.get_by_role("heading", name="模型服务器")).to_be_visible()
            page.get_by_role("button", name="English").click()
            expect(page.get_by_role("heading", name="Model servers")).to_be_visible()
            page.screenshot(path=artifacts / "dashboard-phone.png", full_page=True)


def asks_first(page: Page, dashboard: str) -> None:
    """Nothing happens before the operator agrees, nor with a wrong token."""
    page.get_by_label("Canary’s share").fill("25")
    page.get_by_role("button", name="Set share").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Send 25 % of the sessions")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Set share").click()
    dialog.get_by_label("Admin token").fill("wrong")
    dialog.get_by_role("button", name="Set share").click()
    expect(dialog.get_by_role("alert")).to_have_text("Not done: the admin token is not valid")
    assert figures(dashboard)["canary_share"] == 0
    dialog.get_by_label("Admin token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: Set share.")).to_be_visible()
    assert figures(dashboard)["canary_share"] == 0.25
