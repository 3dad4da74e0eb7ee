"""``python -m tests.e2e.accessibility node_modules/axe-core/axe.min.js``: axe on the running page.

Opens the page in each layout, in light and dark and in both languages, with everything unfolded;
then the dialog for phones, a state with a card, and the sheet of digits. Prints what axe finds.
Exits with 1 if any of it is serious.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from loadtest.stack import Stack
from tests.e2e.browsers import FLAGS
from tests.e2e.browsing import in_state, until_boxes

LAYOUTS = {"desktop": (1280, 800), "portrait": (390, 844), "landscape": (844, 390)}
LOOKS = (("light", "en-GB"), ("dark", "zh-CN"))
UNFOLD = "document.querySelectorAll('details').forEach((section) => { section.open = true; })"
SERIOUS = ("serious", "critical")

Visit = Callable[[Page], None]


def _page(page: Page) -> None:
    in_state(page, "ready")
    until_boxes(page)
    page.evaluate(UNFOLD)


def _dialog(page: Page) -> None:
    in_state(page, "ready")
    page.locator("#phone").click()


def _card(page: Page) -> None:
    in_state(page, "waiting")


VISITS: dict[str, tuple[str, Visit]] = {
    "page": ("", _page),
    "dialog": ("", _dialog),
    "card": ("?model=missing", _card),
    "sheet": ("static/digits.html", lambda _: None),
}


@contextmanager
def _opened(browser: Browser, url: str, layout: str, look: tuple[str, str]) -> Iterator[Page]:
    width, height = LAYOUTS[layout]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=look[0],
        locale=look[1],
        bypass_csp=True,  # axe is not part of the page
    )
    try:
        page = context.new_page()
        page.goto(url)
        yield page
    finally:
        context.close()


def findings(page: Page, axe: Path) -> list[dict[str, Any]]:
    """Return the rules that the page violates."""
    page.add_script_tag(path=axe)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(({ violations }) => violations)")
    return found


def main() -> int:
    """Print the findings by layout, look and place; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.accessibility")
    parser.add_argument("axe", type=Path, help="axe.min.js of the npm package axe-core")
    axe = parser.parse_args().axe
    failed = False
    with Stack() as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for layout in LAYOUTS:
            for look in LOOKS:
                for place, (query, visit) in VISITS.items():
                    with _opened(browser, stack.url + query, layout, look) as page:
                        visit(page)
                        found = findings(page, axe)
                    failed |= any(rule["impact"] in SERIOUS for rule in found)
                    print(
                        f"{layout:10}{look[0]:7}{look[1]:7}{place:8}{_summary(found)}", flush=True
                    )
        browser.close()
    return int(failed)


def _summary(found: list[dict[str, Any]]) -> str:
    rules = (f"{rule['impact']}: {rule['id']} {rule['nodes'][0]['target']}" for rule in found)
    return "; ".join(rules) or "nothing found"


if __name__ == "__main__":
    sys.exit(main())
