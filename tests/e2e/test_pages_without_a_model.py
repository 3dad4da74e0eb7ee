"""The pages /docs and /dashboard, from a gateway without a model server and without a network."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page, expect

from framewire.client import Client
from loadtest.stack import Process, free_port
from tests.e2e.browsing import pictured
from tests.e2e.conftest import Launch
from tests.server.handlers.documents import ASYNCAPI, DEFS, OPENAPI
from tests.server.samples import picture

START_S = 30.0
WIDTH = "document.documentElement.scrollWidth"
GROUND = "getComputedStyle(document.body).backgroundColor"
TOKEN = "correct-horse-battery-staple"
DENIED = "the server responded with a status of 401"
"""What the browser says of an act that was refused, as it should be."""
DOCS = "/docs", "shown"
DASHBOARD = "/dashboard", "not-ready"
PHONE = {"viewport": {"width": 360, "height": 780}, "is_mobile": True, "has_touch": True}

PAGE = "/", "waiting"

FROM_NETWORK = """() => performance.getEntriesByType('resource')
  .filter(({ transferSize }) => transferSize > 0)
  .map(({ name }) => new URL(name).pathname)"""
"""What the page has loaded that the browser did not have."""

SMALL = """() => [...document.querySelectorAll('button, select, input, td a')]
  .filter((control) => control.checkVisibility() && control.getBoundingClientRect().height < 43.9)
  .map((control) => control.id || control.textContent)"""
"""The controls that are too small for a finger."""


@pytest.fixture(scope="module")
def admin_port() -> int:
    """The port of the gateway's admin listener."""
    return free_port()


@pytest.fixture(scope="module")
def url(admin_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port, tokens = free_port(), tmp_path_factory.mktemp("admin") / "tokens"
    tokens.write_text(f"alice {TOKEN}")
    flags = (f"--port={port}", "--backend=127.0.0.1:1", "--log-level=error")
    gateway = Process("server", *flags, f"--admin={admin_port}", f"--admin-tokens={tokens}")
    gateway.start()
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_S
    while not listens(address):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield address
    gateway.terminate()


@pytest.fixture
def dashboard(url: str, admin_port: int) -> str:
    return f"http://127.0.0.1:{admin_port}"


def listens(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5):
            return True
    except OSError:
        return False


@contextmanager
def opened(launch: Launch, url: str, path: str, state: str, **options: Any) -> Iterator[Page]:
    """Open a page; at the end, nothing must have failed, or been sought elsewhere."""
    context = launch(None).new_context(**options)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda said: failures.append(said.text) if said.type == "error" else None)
    page.on("request", lambda sent: sent.url.startswith(url) or failures.append(sent.url))
    with pictured(page):
        page.goto(f"{url}{path}")
        page.wait_for_selector(f"html[data-state={state}]")
        yield page
    context.close()
    assert not [failure for failure in failures if DENIED not in failure]


def test_everything_of_the_documents_is_shown(launch: Launch, url: str) -> None:
    with opened(launch, url, *DOCS, viewport={"width": 1280, "height": 800}) as page:
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
        header = page.locator("header").bounding_box()
        assert header is not None
        assert header["height"] < 80


def test_it_fits_a_phone_in_chinese(launch: Launch, url: str) -> None:
    with opened(launch, url, *DOCS, color_scheme="dark", locale="zh-CN", **PHONE) as page:
        assert page.evaluate(WIDTH) <= 360  # innerWidth grows with what is wider
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate(WIDTH) <= 360
        page.evaluate("document.documentElement.style.fontSize = ''")
        assert page.evaluate(GROUND) == "rgb(12, 18, 16)"
        page.get_by_text("目录", exact=True).click()
        page.get_by_role("link", name="frame", exact=True).click()
        assert page.url.endswith("#message-frame")
        expect(page.locator("#message-frame")).to_contain_text("有且仅有一个处理结果")
        page.get_by_role("button", name="English").click()
        expect(page.locator("#message-frame")).to_contain_text("exactly one outcome")


def loads_again(launch: Launch, url: str, path: str, state: str) -> set[str]:
    """What a second visit loads besides the page itself."""
    with opened(launch, url, path, state) as page:
        assert len(page.evaluate(FROM_NETWORK)) > 10
        page.goto("about:blank")
        page.goto(f"{url}{path}")
        page.wait_for_selector(f"html[data-state={state}]")
        return set(page.evaluate(FROM_NETWORK))


def test_a_repeat_visit_loads_no_file_again(launch: Launch, url: str, dashboard: str) -> None:
    """On a slow line, over a hundred files that have not changed took longer than anything else."""
    assert loads_again(launch, url, *PAGE) <= {"/v1/models"}
    assert loads_again(launch, url, *DOCS) == set()
    assert loads_again(launch, dashboard, *DASHBOARD) <= {"/admin/figures", "/admin/sessions"}


@pytest.mark.parametrize(
    ("locale", "title", "home"),
    [
        ("en-GB", "Page not found", "Go to the start page"),
        ("zh-CN", "页面不存在", "返回首页"),
    ],
)
def test_a_page_that_does_not_exist_leads_home(
    launch: Launch, url: str, dashboard: str, locale: str, title: str, home: str
) -> None:
    context = launch(None).new_context(locale=locale, **PHONE)
    page = context.new_page()
    for address, leads_to in ((url, f"{url}/"), (dashboard, f"{dashboard}/dashboard/")):
        page.goto(f"{address}/some/where?x=1")
        expect(page.get_by_role("heading", name=title)).to_be_visible()
        expect(page.locator("code")).to_have_text("/some/where")
        assert page.evaluate(WIDTH) <= 360
        page.get_by_role("link", name=home).click()
        page.wait_for_url(leads_to)
    context.close()


@pytest.fixture
def session(url: str) -> Iterator[None]:
    """A session, and an upload that nothing could answer."""
    with Client(f"{url.replace('http', 'ws')}/ws"):
        with pytest.raises(HTTPError, match="503"):
            urllib.request.urlopen(f"{url}/v1/infer", picture(), timeout=START_S)
        yield


@pytest.mark.usefixtures("session")
def test_an_operator_sees_and_acts(launch: Launch, dashboard: str) -> None:
    options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}}
    with opened(launch, dashboard, *DASHBOARD, **options) as page:
        expect(page.locator("[data-tile=sessions] dd")).to_have_text("1 of 1,024")
        expect(page.locator("#frames-chart path.area.error")).to_be_visible()
        expect(page.locator("#servers .server")).to_have_text("unreachable")
        page.keyboard.press("/")
        page.keyboard.type("nobody")
        expect(page.get_by_text("No session matches the filter.")).to_be_visible()
        page.locator("#filter").fill("framewire")
        page.locator("#sessions tbody a").click()
        expect(page.locator("#session dl")).to_contain_text("127.0.0.1")
        page.keyboard.press("Escape")
        expect(page.locator("#frames-chart svg")).to_be_visible()  # nothing hidden takes the focus
        page.locator("#frames-chart svg").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(page.locator("#frames-chart .legend .time")).to_be_visible()
        acts_only_when_agreed(page, dashboard)


def acts_only_when_agreed(page: Page, dashboard: str) -> None:
    """Nothing happens before the operator agrees, nor with a wrong token."""

    def share() -> float:
        with urllib.request.urlopen(f"{dashboard}/admin/figures", timeout=START_S) as answer:
            return float(json.load(answer)["canary_share"])

    page.get_by_label("Canary share").fill("25")
    page.get_by_role("button", name="Set share").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Send 25 % of the sessions")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Set share").click()
    dialog.get_by_label("Admin token").fill("wrong")
    dialog.get_by_role("button", name="Set share").click()
    expect(dialog.get_by_role("alert")).to_have_text("Not done: the admin token is not valid")
    assert share() == 0
    dialog.get_by_label("Admin token").fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Done: Set share.")).to_be_visible()
    assert share() == 0.25
    page.get_by_role("button", name="Choose a label").click()
    expect(page.locator("#acts")).to_contain_text("Labels cannot be moved: ")
    expect(page.locator("#acts")).to_contain_text("model_config")


def test_the_dashboard_fits_a_phone_in_chinese(launch: Launch, dashboard: str) -> None:
    options = {**PHONE, "locale": "zh-CN", "color_scheme": "dark"}
    with opened(launch, dashboard, *DASHBOARD, **options) as page:
        expect(page.get_by_role("heading", name="模型服务")).to_be_visible()
        assert page.evaluate(WIDTH) <= 360
        rows = [page.locator(part).bounding_box() for part in (".bar h1", "#language", "#state")]
        name, language, state = [(row["y"], row["y"] + row["height"]) for row in rows if row]
        assert language[0] < name[1] <= language[1] <= state[0]  # no row for a button alone
        assert page.evaluate(GROUND) == "rgb(12, 18, 16)"
        page.get_by_role("button", name="English").click()
        expect(page.get_by_role("heading", name="Model servers")).to_be_visible()


@pytest.mark.usefixtures("session")
def test_a_session_opens_at_its_top(launch: Launch, dashboard: str) -> None:
    with opened(launch, dashboard, *DASHBOARD, locale="en-GB", **PHONE) as page:
        expect(page.locator("#sessions tbody a").first).to_be_visible()
        assert page.evaluate(SMALL) == []
        page.locator("#sessions tbody a").first.tap()
        heading = page.get_by_role("heading", name="Session ")
        expect(heading).to_be_in_viewport()
        expect(heading).to_be_focused()
