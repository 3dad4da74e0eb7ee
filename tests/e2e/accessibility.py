"""``python -m tests.e2e.accessibility node_modules/axe-core/axe.min.js``: axe on every page.

Opens the page at every size, in light and dark and in both languages, with everything unfolded.
Then, on a large screen and on a phone: its zones and lines, its dialog, the states in which
something is missing, the sheet of digits, ``<framewire-camera>`` in another page, ``/docs`` and the
dashboard. Prints what axe finds, and what is wider than the window. With ``--pictures FOLDER``,
keeps a screenshot of each. Exits with 1 if any finding is serious.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from loadtest.stack import Stack, free_port
from tests.e2e.browsers import FLAGS
from tests.e2e.browsing import WITHOUT_ELEMENT, embed, in_state, until_boxes, with_problem

LAYOUTS = {
    "desktop": (1280, 800),
    "portrait": (390, 844),
    "landscape": (844, 390),
    "small": (360, 740),
    "tablet": (768, 1024),
}
MAIN = ("desktop", "portrait")
"""The layouts of everything but the page itself."""
LOOKS = (("light", "en-GB"), ("dark", "zh-CN"), ("light", "zh-CN"), ("dark", "en-GB"))
UNFOLD = "document.querySelectorAll('details').forEach((section) => { section.open = true; })"
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
FRAME = """() => {
  document.body.innerHTML = '<main><h1>Digits</h1></main>';
  document.querySelector('main').append(camera);
}"""
"""What a page around the element has: a heading, and a main part."""
SERIOUS = ("serious", "critical")
SESSIONS = 3
SETTLE_MS = 400


@dataclass(frozen=True)
class Servers:
    """The gateway behind the pages."""

    stack: Stack
    admin_url: str


Visit = Callable[[Page, Servers], None]


def _ready(page: Page, servers: Servers, query: str = "") -> None:
    page.goto(servers.stack.url + query)
    in_state(page, "ready")


def _live(page: Page, servers: Servers) -> None:
    _ready(page, servers)
    until_boxes(page)


def _page(page: Page, servers: Servers) -> None:
    _live(page, servers)
    page.evaluate(UNFOLD)


def _areas(page: Page, servers: Servers) -> None:
    _page(page, servers)
    for kind in ("zone", "line"):
        for _ in range(2):
            page.locator(f"#add-{kind}").click()


def _dialog(page: Page, servers: Servers) -> None:
    _ready(page, servers)
    page.evaluate("document.getElementById('phone').click()")


def _no_camera(page: Page, servers: Servers) -> None:
    _ready(page, servers)
    page.locator("button[data-source=camera]").click()
    with_problem(page, "camera_refused")


def _no_model(page: Page, servers: Servers) -> None:
    page.goto(f"{servers.stack.url}?model=missing")
    in_state(page, "waiting")


def _full(page: Page, servers: Servers) -> None:
    for _ in range(SESSIONS):
        _ready(page.context.new_page(), servers)
    page.goto(servers.stack.url)
    in_state(page, "full")


def _offline(page: Page, servers: Servers) -> None:
    _live(page, servers)
    servers.stack.gateway.kill()
    try:
        in_state(page, "reconnecting")
        page.wait_for_timeout(1500)  # the card appears after a second
        page.context.set_offline(True)  # and stays while the gateway is back for the next visit
    finally:
        servers.stack.start()


def _element(page: Page, servers: Servers) -> None:
    page.context.grant_permissions(["camera"])
    page.goto(servers.stack.url + WITHOUT_ELEMENT)
    embed(page)
    page.evaluate(FRAME)
    page.evaluate("camera.start()")
    page.wait_for_function("seen.results > 0")


def _sheet(page: Page, servers: Servers) -> None:
    page.goto(f"{servers.stack.url}static/digits.html")


def _docs(page: Page, servers: Servers) -> None:
    page.goto(f"{servers.stack.url}docs")
    in_state(page, "shown")


def _dashboard(page: Page, servers: Servers) -> None:
    _live(page.context.new_page(), servers)
    page.goto(f"{servers.admin_url}/dashboard/")
    in_state(page, "ready")
    page.locator("#sessions a").first.wait_for()


def _session(page: Page, servers: Servers) -> None:
    _dashboard(page, servers)
    page.locator("#sessions a").first.click()


PLACES: dict[str, Visit] = {
    "page": _page,
    "live": _live,
    "areas": _areas,
    "dialog": _dialog,
    "no-camera": _no_camera,
    "no-model": _no_model,
    "full": _full,
    "offline": _offline,
    "element": _element,
    "sheet": _sheet,
    "docs": _docs,
    "dashboard": _dashboard,
    "session": _session,
}


@contextmanager
def _opened(browser: Browser, layout: str, look: tuple[str, str]) -> Iterator[Page]:
    width, height = LAYOUTS[layout]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=look[0],
        locale=look[1],
        bypass_csp=True,  # axe is not part of the page
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def findings(page: Page, axe: Path) -> list[dict[str, Any]]:
    """Return the rules that the page violates."""
    page.add_script_tag(path=axe)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(({ violations }) => violations)")
    return found


def main() -> int:
    """Print the findings by layout, look and place; return the exit status."""
    options = _options()
    admin = free_port()
    settings = (f"--admin={admin}", f"--max-sessions={SESSIONS}", "--log-level=error")
    failed = False
    with Stack(gateway_flags=settings) as stack, sync_playwright() as playwright:
        flags = [*FLAGS, "--use-fake-device-for-media-stream"]  # a camera to be refused
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        servers = Servers(stack, f"http://127.0.0.1:{admin}")
        for layout, look, place in _visits(options.places):
            with _opened(browser, layout, look) as page:
                PLACES[place](page, servers)
                page.wait_for_timeout(SETTLE_MS)
                if options.pictures is not None:
                    name = f"{place}-{layout}-{look[0]}-{look[1][:2]}.png"
                    page.screenshot(path=options.pictures / name)
                found = findings(page, options.axe)
                wide = page.evaluate(OVERFLOW)
            failed |= wide > 0 or any(rule["impact"] in SERIOUS for rule in found)
            print(f"{layout:10}{look[0]:7}{look[1]:7}{place:10}{summary(found, wide)}", flush=True)
        browser.close()
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.accessibility")
    parser.add_argument("axe", type=Path, help="axe.min.js of the npm package axe-core")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="keep screenshots there")
    parser.add_argument("--places", nargs="+", choices=PLACES, default=list(PLACES))
    return parser.parse_args()


def _visits(places: list[str]) -> Iterator[tuple[str, tuple[str, str], str]]:
    for place in places:
        for layout in LAYOUTS if place in ("page", "live") else MAIN:
            # Each layout in two looks, and the page itself on a large screen in all four.
            for look in LOOKS if (place, layout) == ("page", "desktop") else LOOKS[:2]:
                yield layout, look, place


def summary(found: list[dict[str, Any]], wide: int) -> str:
    """Return in one line what axe found, and whether the page is wider than its window."""
    rules = [f"{rule['impact']}: {rule['id']} {rule['nodes'][0]['target']}" for rule in found]
    if wide > 0:
        rules.append(f"{wide} pixels wider than the window")
    return "; ".join(rules) or "nothing found"


if __name__ == "__main__":
    sys.exit(main())
