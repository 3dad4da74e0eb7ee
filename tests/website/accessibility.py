"""``python -m tests.website.accessibility node_modules/axe-core/axe.min.js``: axe on the site.

Opens every page that ``make docs`` has built, in light and dark, at the width of a phone and of a
desktop, and on a phone with text of twice the size. Prints what axe finds, and what is wider than
the window. Exits with 1 if there is any.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.e2e.accessibility import OVERFLOW, findings, summary
from tests.e2e.browsers import FLAGS
from website.__main__ import SITE
from website.check import SKIPPED

LOOKS = ((1280, "light", 16), (360, "dark", 16), (360, "light", 32))
"""Widths of the window, colour schemes, and sizes of text that the browser is set to."""
SETTLE_MS = 250


def main() -> int:
    """Print the pages with findings; return the exit status."""
    [axe] = map(Path, sys.argv[1:])
    folders = (SITE, SITE / "zh-CN")
    built = [page for folder in folders for page in sorted(folder.glob("*.html"))]
    pages = [page for page in built if page.name not in SKIPPED]
    failed = 0
    with sync_playwright() as playwright:
        for width, scheme, text_px in LOOKS:
            flags = [*FLAGS, f"--blink-settings=defaultFontSize={text_px}"]
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=flags
            )
            viewport = {"width": width, "height": 800}
            page = browser.new_page(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            for path in pages:
                if faults := _faults(page, path, axe):
                    failed += 1
                    where = f"{width:5} {scheme:6}{text_px:3} {path.relative_to(SITE)}"
                    print(f"{where}: {faults}", flush=True)
            browser.close()
    print(f"{len(pages)} pages, {failed} with findings")
    return 1 if failed or not pages else 0


def _faults(page: Page, path: Path, axe: Path) -> str:
    """Return what is wrong with a page, or an empty string."""
    page.goto(path.as_uri())
    page.wait_for_timeout(SETTLE_MS)
    found, wide = findings(page, axe), page.evaluate(OVERFLOW)
    return summary(found, wide) if found or wide > 0 else ""


if __name__ == "__main__":
    sys.exit(main())
