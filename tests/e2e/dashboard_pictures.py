"""The pictures of the dashboard in docs/: ``python -m tests.e2e.dashboard_pictures``.

A gateway with two versions of the demo model is under load; after a while, its pages are written as
WebP: the overview, one session's page, and a phone in Chinese and dark mode. Run it on a machine
without other work.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from loadtest.stack import ROOT, Stack, free_port
from tests.releases.__main__ import Repository

TOKEN = "correct-horse-battery-staple"
PATIENCE_MS = 60_000
SETTLE_MS = 3000


@dataclass(frozen=True)
class Picture:
    """A page in a browser of this kind, cut to its size."""

    name: str
    width: int
    height: int
    of_a_session: bool = False
    phone: bool = False

    @property
    def browser(self) -> dict[str, Any]:
        """The options of its browser."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "locale": "zh-CN" if self.phone else "en-GB",
            "color_scheme": "dark" if self.phone else "light",
        }


PICTURES = (
    Picture("dashboard", 1280, 960),
    Picture("dashboard-session", 1280, 620, of_a_session=True),
    Picture("dashboard-phone", 390, 1000, phone=True),
)


def draw(models: Path, output: Path, seconds: float) -> None:
    """Put a load on a gateway for a while, and write the pictures."""
    with _served(models) as (stack, admin), _loaded(stack, seconds):
        time.sleep(seconds)
        with sync_playwright() as playwright:
            path = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            for picture in PICTURES:
                _write(browser, f"http://127.0.0.1:{admin}/dashboard/", picture, output)


@contextmanager
def _served(models: Path) -> Iterator[tuple[Stack, int]]:
    """Serve two versions; a quarter of the sessions gets the second one. Yield the admin port."""
    admin = free_port()
    with tempfile.TemporaryDirectory() as folder:
        tokens = Path(folder) / "admin.tokens"
        tokens.write_text(f"alice {TOKEN}\n")
        repository = Repository(Path(folder), models)
        repository.plant(2, "same")
        repository.label({"stable": 1, "canary": 2})
        flags = (f"--admin={admin}", f"--admin-tokens={tokens}", "--canary-share=0.25")
        with Stack(gateway_flags=flags, model_flags=repository.flags) as stack:
            yield stack, admin


@contextmanager
def _loaded(stack: Stack, seconds: float) -> Iterator[None]:
    command = [sys.executable, "-m", "loadtest", "cameras", f"ws://127.0.0.1:{stack.port}/ws"]
    command += ["--sessions=16", "--rate=6", f"--seconds={seconds + 120}", "--disconnecting=0.1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as load:
        try:
            yield
        finally:
            load.terminate()


def _write(browser: Browser, url: str, picture: Picture, output: Path) -> None:
    page = browser.new_context(**picture.browser).new_page()
    page.goto(url)
    page.wait_for_selector("html[data-state=ready]", timeout=PATIENCE_MS)
    if picture.of_a_session:
        _open_session(page)
    page.wait_for_timeout(SETTLE_MS)
    image = Image.open(io.BytesIO(page.screenshot()))
    image.convert("RGB").save(output / f"{picture.name}.webp", quality=90, method=6)
    print(output / f"{picture.name}.webp", flush=True)
    page.context.close()


def _open_session(page: Page) -> None:
    link = page.locator("#sessions a").first
    link.wait_for(timeout=PATIENCE_MS)
    link.click()


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.dashboard_pictures")
    parser.add_argument("--models", type=Path, default=ROOT / "models", metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=ROOT / "docs", metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=150.0, metavar="N", help="load before")
    options = parser.parse_args()
    draw(options.models, options.output, options.seconds)


if __name__ == "__main__":
    main()
