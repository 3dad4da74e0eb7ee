"""``python -m tests.miniprogram.screens [FOLDER]``: pictures of the mini-program's pages.

The pages' own code, templates and styles are rendered by ``miniprogram-simulate`` and shown by
Chromium: each page in English and Chinese, light, dark, and with WeChat's largest text. What
belongs to WeChat is an outline (the status bar, the capsule, switches), and the camera is a picture
of the demo model's scenes. Writes FOLDER/LANGUAGE-LOOK.png, and the picture of the documents.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from demomodel.scenes import Scene, render
from loadtest.stack import ROOT
from tests.e2e.browsers import FLAGS
from tests.miniprogram.packages import install

HERE = Path(__file__).parent
DOCS = ROOT / "docs"
LANGUAGES = {"en": "miniprogram.webp", "zh": "miniprogram.zh-CN.webp"}
"""The picture of the documents in each language."""
SIZE = (375, 812)
SCALE = 2
SEED = 33
LOOKS = {"light": 16, "dark": 16, "large": 23}
"""The root font's size in pixels, which WeChat's font setting changes."""
SHOWN = {"light": ("live", "photo", "tested"), "dark": ("denied", "settings")}
"""Which pages the documents show."""
GAP = 24


def prepare(folder: Path) -> None:
    """Write what the pages show: a scene as photo and as the camera's picture, and its boxes."""
    scene = render(SEED, (720, 960))
    scene.picture.save(folder / "photo.jpg", quality=92)
    shutil.copy(HERE / "screens.css", folder / "wechat.css")
    (folder / "boxes.json").write_text(json.dumps(_answer(scene)), encoding="utf-8")


def _answer(scene: Scene) -> dict[str, object]:
    boxes = [[x0, y0, x1, y1] for y0, x0, y1, x1 in scene.boxes.tolist()]
    scores = [0.98 - 0.03 * number for number in range(len(boxes))]
    return {"boxes": boxes, "classes": [int(label) for label in scene.labels], "scores": scores}


def pictures(browser: Browser, folder: Path, look: str) -> dict[str, Image.Image]:
    """Return a picture of each page."""
    scheme = "dark" if look == "dark" else "light"
    width, height = SIZE
    page = browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE,
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    taken = {}
    for path in sorted(folder.glob("*.html")):
        page.goto(path.as_uri())
        page.add_style_tag(content=f"html {{ font-size: {LOOKS[look]}px }}")
        shot = folder / f"{path.stem}.png"
        page.screenshot(path=shot)
        taken[path.stem] = Image.open(shot).convert("RGB")
    page.close()
    return taken


def side_by_side(shown: list[Image.Image], ground: str = "#8a8f8c") -> Image.Image:
    """Return pictures in a row."""
    gap = GAP * SCALE
    width = sum(picture.width + gap for picture in shown) + gap
    row = Image.new("RGB", (width, shown[0].height + 2 * gap), ground)
    left = gap
    for picture in shown:
        row.paste(picture, (left, gap))
        left += picture.width + gap
    return row


def main(target: Path) -> int:
    """Write all pictures. Returns the exit status."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not installed; .ci/run installs it")
    install(npm)
    target.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        for language, name in LANGUAGES.items():
            folder = target / language
            folder.mkdir(exist_ok=True)
            prepare(folder)
            subprocess.run(["node", "screens.mjs", str(folder), language], cwd=HERE, check=True)
            looks = {look: pictures(browser, folder, look) for look in LOOKS}
            for look, taken in looks.items():
                side_by_side(list(taken.values())).save(target / f"{language}-{look}.png")
            chosen = [looks[look][name] for look, names in SHOWN.items() for name in names]
            row = side_by_side(chosen, "#dfe3e0")
            row = row.resize((row.width // SCALE, row.height // SCALE), Image.Resampling.LANCZOS)
            row.save(DOCS / name, quality=82, method=6)
        browser.close()
    print(f"{target}: one picture per language and look")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "screens"))
