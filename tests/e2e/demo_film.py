"""``python -m tests.e2e.demo_film [MODELS]``: the film of docs/index.md and the READMEs.

It shows the page's stage: its rendered scene, with the boxes of the demo model.
"""

from __future__ import annotations

import base64
import io
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from loadtest.stack import ROOT, Stack
from tests.e2e.browsing import in_state
from tests.e2e.conftest import FLAGS

TARGET = ROOT / "docs" / "demo.webp"
SIZE = (640, 480)
RATE_PER_S = 12
PICTURES = 60
WARM_UP_MS = 6000
MOST_BYTES = 1_000_000

RECORD = """([width, height, interval]) => {
  const small = document.createElement('canvas');
  [small.width, small.height] = [width, height];
  const pen = small.getContext('2d');
  window.recorded = [];
  setInterval(() => {
    pen.drawImage(document.getElementById('canvas'), 0, 0, width, height);
    recorded.push(small.toDataURL('image/png'));
  }, interval);
}"""


def record(url: str) -> list[Image.Image]:
    """Return what the stage of the page shows, one picture after another."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        page = browser.new_page(locale="en-GB", viewport={"width": 1100, "height": 800})
        page.goto(f"{url}?source=scene")
        in_state(page, "ready")
        page.wait_for_timeout(WARM_UP_MS)
        page.evaluate(RECORD, [*SIZE, 1000 / RATE_PER_S])
        page.wait_for_timeout(1000 * (PICTURES + 2) / RATE_PER_S)
        recorded: list[str] = page.evaluate("recorded")
        browser.close()
    return [_opened(address) for address in recorded[:PICTURES]]


def _opened(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")


def main(models: Path) -> int:
    """Record the page, and write the film. Returns the exit status: 1 if it is too large."""
    with Stack(models) as servers:
        pictures = record(servers.url)
    duration = round(1000 / RATE_PER_S)
    options: dict[str, Any] = {"duration": duration, "loop": 0, "quality": 60, "method": 6}
    pictures[0].save(TARGET, save_all=True, append_images=pictures[1:], **options)
    size = TARGET.stat().st_size
    print(f"{TARGET}: {len(pictures)} pictures, {size / 1e3:.0f} KB")
    return 1 if size > MOST_BYTES else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models"))
