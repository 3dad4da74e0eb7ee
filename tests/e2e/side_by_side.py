"""``python -m tests.e2e.side_by_side``: the films of docs/tracking.md, exact and live boxes.

The camera plays the same film on both pages, and the network adds 300 ms. Each picture has what
the two stages show at the same moment of the camera's film. The English and the Chinese film
differ in their captions only.
"""

from __future__ import annotations

import base64
import contextlib
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from loadtest.stack import ROOT, Stack
from tests.e2e import moving_film
from tests.e2e.motion import delayed, launch, page_on_film

DOCS = ROOT / "docs"
DELAY_MS = 300
SIZE = (320, 240)
CAPTION_PX = 26
GAP_PX = 6
RECORDED_S = 13.0
"""A little more than the film takes."""
FRAMES = range(30, 210, 2)
"""Which frames of the camera's film: six seconds, fifteen pictures a second."""
CAPTIONS = {
    "motion.webp": {
        "exact": "Exact: boxes fit, the picture is late",
        "live": "Live: no delay, and boxes keep up",
    },
    "motion.zh-CN.webp": {
        "exact": "逐帧对齐：框贴合，但画面滞后",
        "live": "实时跟随：画面不滞后，框跟得上",
    },
}
"""What stands above each stage, by film and mode of boxes."""
MODES = ("exact", "live")
CAPTION_STYLE = """
body { margin: 0; background: rgb(19 27 24); color: rgb(231 239 235);
       font: 15px/26px system-ui, sans-serif; white-space: nowrap }
p { margin: 0 10px }
"""

RECORD = """([width, height]) => {
  const small = document.createElement('canvas');
  [small.width, small.height] = [width, height];
  const pen = small.getContext('2d');
  window.recorded = [];
  setInterval(() => {
    pen.drawImage(document.getElementById('canvas'), 0, 0, width, height);
    recorded.push([filmWatch.camera(), small.toDataURL('image/jpeg', 0.92)]);
  }, 1000 / 30);
}"""


def record(browser: Browser, url: str, mode: str) -> dict[int, Image.Image]:
    """Return what the stage shows, by the frame that the camera delivers at that moment."""
    with page_on_film(browser, url, mode) as page:
        page.evaluate(RECORD, list(SIZE))
        page.wait_for_timeout(1000 * RECORDED_S)
        recorded: list[Any] = page.evaluate("recorded")
    return {frame: _opened(address) for frame, address in recorded if frame is not None}


def _opened(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")


def caption(browser: Browser, text: str) -> Image.Image:
    """Return a line of text as wide as a stage; the browser has letters of any language."""
    page = browser.new_page(viewport={"width": SIZE[0], "height": CAPTION_PX})
    page.set_content(f"<style>{CAPTION_STYLE}</style><p lang=zh-CN>{text}</p>")
    drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    page.close()
    return drawn


def compose(shown: dict[str, Image.Image], captions: dict[str, Image.Image]) -> Image.Image:
    """Put the stages of one moment side by side, without the strip of the frame's number."""
    strip = -(-moving_film.STRIP_PX * SIZE[1] // moving_film.SIZE[1])
    height = CAPTION_PX + SIZE[1] - strip
    whole = Image.new("RGB", (2 * SIZE[0] + GAP_PX, height), (19, 27, 24))
    for column, (mode, picture) in enumerate(shown.items()):
        left = column * (SIZE[0] + GAP_PX)
        whole.paste(captions[mode], (left, 0))
        whole.paste(picture.crop((0, strip, *SIZE)), (left, CAPTION_PX))
    return whole


def latest(recorded: dict[int, Image.Image], frame: int) -> Image.Image:
    """Return what was on the stage when the camera delivered a frame."""
    return recorded[max((seen for seen in recorded if seen <= frame), default=min(recorded))]


def write(
    recorded: dict[str, dict[int, Image.Image]], captions: dict[str, Image.Image], target: Path
) -> None:
    """Write a film of what both stages showed."""
    pictures = [
        compose({mode: latest(recorded[mode], frame) for mode in MODES}, captions)
        for frame in FRAMES
    ]
    duration = round(moving_film.FRAME_MS * FRAMES.step)
    options: dict[str, Any] = {"duration": duration, "loop": 0, "quality": 62, "method": 6}
    pictures[0].save(target, save_all=True, append_images=pictures[1:], **options)
    print(f"{target}: {len(pictures)} pictures, {target.stat().st_size / 1e3:.0f} KB")


def main(models: Path) -> int:
    """Record both pages and write the films. Returns the exit status."""
    recorded = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        film = moving_film.write(folder / "moving.mjpeg")
        servers = stack.enter_context(Stack(models))
        browser = launch(stack.enter_context(sync_playwright()), film)
        stack.callback(browser.close)
        for mode in MODES:
            with delayed(servers.port, DELAY_MS) as url:
                recorded[mode] = record(browser, url, mode)
        for name, texts in CAPTIONS.items():
            captions = {mode: caption(browser, text) for mode, text in texts.items()}
            write(recorded, captions, DOCS / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "models"))
