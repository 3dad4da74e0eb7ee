"""``python -m tests.e2e.demo_film [MODELS]``: films and pictures of the page for the documents.

Films of the whole page with its rendered scene, for the READMEs and the site's first page, and
pictures of it on a large screen and on a phone: each in English and Chinese. Takes three minutes
of a machine with nothing else to do: if the page does not get its results smoothly, it gives up.
"""

from __future__ import annotations

import base64
import io
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from loadtest.stack import ROOT, Stack
from tests.e2e.browsers import FLAGS
from tests.e2e.browsing import in_state

DOCS = ROOT / "docs"
LANGUAGES = {"en-GB": "", "zh-CN": ".zh-CN"}
"""The end of a file's name per language."""
FILM = (960, 600)
RATE_PER_S = 10
SECONDS = 6
WARM_UP_MS = 31_000
"""The chart shows 30 seconds."""
MOST_BYTES = 1_200_000
LEAST_PER_S = 25
"""Of a film; less would show the machine that it was made on."""
LEAST_ON_PHONE_PER_S = 10
"""Of pictures with four times as many pixels, which no graphics processor helps to draw."""
SETTLE_MS = 1500
DESKTOP = (1280, 800)
PHONE: Any = {"device_scale_factor": 2, "is_mobile": True, "has_touch": True}


@dataclass(frozen=True)
class Shot:
    """A picture of the page: ``docs/page-NAME.webp``."""

    name: str
    size: tuple[int, int]
    scheme: Any


ON_DESKTOP = (Shot("desktop", DESKTOP, "light"), Shot("dark", DESKTOP, "dark"))
ON_PHONE = (Shot("portrait", (390, 844), "dark"), Shot("landscape", (844, 390), "light"))


def opened(
    browser: Browser, url: str, locale: str, size: tuple[int, int], least_per_s: int, **options: Any
) -> Page:
    """Open the page with its scene, and wait until its chart is full."""
    page = browser.new_page(locale=locale, viewport=_viewport(size), **options)
    page.goto(f"{url}?source=scene")
    in_state(page, "ready")
    page.wait_for_timeout(WARM_UP_MS)
    shown = page.locator("#answered").inner_text()
    if not shown[0].isdigit() or float(shown) < least_per_s:
        raise SystemExit(f"the machine is too busy for pictures: {shown} results per second")
    return page


def _viewport(size: tuple[int, int]) -> Any:
    width, height = size
    return {"width": width, "height": height}


def film(page: Page) -> list[Image.Image]:
    """Return what the page shows, at a constant rate."""
    taken: list[tuple[float, bytes]] = []
    session = page.context.new_cdp_session(page)

    def take(frame: dict[str, Any]) -> None:
        taken.append((frame["metadata"]["timestamp"], base64.b64decode(frame["data"])))
        session.send("Page.screencastFrameAck", {"sessionId": frame["sessionId"]})

    session.on("Page.screencastFrame", take)
    session.send("Page.startScreencast", {"format": "jpeg", "quality": 95, "everyNthFrame": 3})
    page.wait_for_timeout(1000 * (SECONDS + 1))
    session.send("Page.stopScreencast")
    return [_small(data) for data in at_rate(taken, RATE_PER_S, RATE_PER_S * SECONDS)]


def at_rate(taken: list[tuple[float, bytes]], rate: float, count: int) -> list[bytes]:
    """Return ``count`` frames at a constant rate: at each moment the last one until then."""
    start = taken[0][0]
    moments = [start + number / rate for number in range(count)]
    return [[data for at, data in taken if at <= moment][-1] for moment in moments]


def _small(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB").resize(FILM, Image.Resampling.LANCZOS)


def write_film(pictures: list[Image.Image], path: Path) -> bool:
    """Write the film. Returns whether it is small enough for a README."""
    options: dict[str, Any] = {"duration": round(1000 / RATE_PER_S), "loop": 0}
    options |= {"quality": 62, "method": 6, "minimize_size": True}
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
    size = path.stat().st_size
    print(f"{path}: {len(pictures)} pictures, {size / 1e3:.0f} KB")
    return size <= MOST_BYTES


def write_shot(page: Page, shot: Shot, end: str) -> None:
    """Take one picture of the page."""
    page.set_viewport_size(_viewport(shot.size))
    page.emulate_media(color_scheme=shot.scheme)
    page.wait_for_timeout(SETTLE_MS)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    path = DOCS / f"page-{shot.name}{end}.webp"
    picture.save(path, quality=85, method=6)
    print(f"{path}: {path.stat().st_size / 1e3:.0f} KB")


def write_all(browser: Browser, url: str, locale: str, end: str) -> bool:
    """Write a language's film and pictures. Returns whether the film is small enough."""
    page = opened(browser, url, locale, DESKTOP, LEAST_PER_S)
    is_small = write_film(film(page), DOCS / f"demo{end}.webp")
    for shot in ON_DESKTOP:
        write_shot(page, shot, end)
    page.close()
    upright = ON_PHONE[0].size
    page = opened(browser, url, locale, upright, LEAST_ON_PHONE_PER_S, **PHONE)
    for shot in ON_PHONE:
        write_shot(page, shot, end)
    page.close()
    return is_small


def main(models: Path) -> int:
    """Write everything. Returns the exit status: 1 if a film is too large."""
    with Stack(models) as servers, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        small = [write_all(browser, servers.url, *language) for language in LANGUAGES.items()]
        browser.close()
    return 0 if all(small) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models"))
