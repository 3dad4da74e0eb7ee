"""The mini-program's pages as Chromium shows them, with WeChat's largest text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import Launch
from tests.miniprogram import screens

CUT = """() => [...document.querySelectorAll('.controls--caption')]
  .filter((caption) => caption.scrollWidth > caption.clientWidth)
  .map((caption) => caption.textContent)"""


HIT = """() => {
  const button = document.querySelector('.notice--act');
  const { x, y, width, height, bottom } = button.getBoundingClientRect();
  const hit = document.elementFromPoint(x + width / 2, y + height / 2);
  return bottom <= innerHeight && button.contains(hit);
}"""
SMALLEST = {"width": 320, "height": 568}


@pytest.fixture(params=screens.LANGUAGES)
def pages(node: str, packages: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with the pages in one language."""
    screens.prepare(tmp_path)
    command = [node, "screens.mjs", str(tmp_path), request.param]
    subprocess.run(command, cwd=packages, check=True, timeout=120)
    return tmp_path


def test_a_small_phone_shows_the_button_that_helps(launch: Launch, pages: Path) -> None:
    """Whatever the size of its text, it is above the controls of the camera."""
    page = launch(None).new_page(viewport=SMALLEST)
    for name in ("denied", "offline"):
        page.goto((pages / f"{name}.html").as_uri())
        for size in screens.LOOKS.values():
            page.add_style_tag(content=f"html {{ font-size: {size}px }}")
            assert page.evaluate(HIT), (name, size)
    page.close()


def test_buttons_have_their_whole_names_in_the_largest_text(launch: Launch, pages: Path) -> None:
    width, height = screens.SIZE
    page = launch(None).new_page(viewport={"width": width, "height": height})
    page.goto((pages / "live.html").as_uri())
    page.add_style_tag(content=f"html {{ font-size: {screens.LOOKS['large']}px }}")
    assert page.locator(".controls--caption").count() == 3
    assert page.evaluate(CUT) == []
    page.close()
