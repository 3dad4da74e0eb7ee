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


@pytest.mark.parametrize("language", screens.LANGUAGES)
def test_a_small_phone_shows_the_button_that_helps(
    node: str, packages: Path, launch: Launch, tmp_path: Path, language: str
) -> None:
    """Whatever the size of its text, it is above the controls of the camera."""
    screens.prepare(tmp_path)
    command = [node, "screens.mjs", str(tmp_path), language]
    subprocess.run(command, cwd=packages, check=True, timeout=120)
    page = launch(None).new_page(viewport=SMALLEST)
    for name in ("denied", "offline"):
        page.goto((tmp_path / f"{name}.html").as_uri())
        for size in screens.LOOKS.values():
            page.add_style_tag(content=f"html {{ font-size: {size}px }}")
            assert page.evaluate(HIT), (name, size)
    page.close()


@pytest.mark.parametrize("language", screens.LANGUAGES)
def test_buttons_have_their_whole_names_in_the_largest_text(
    node: str, packages: Path, launch: Launch, tmp_path: Path, language: str
) -> None:
    screens.prepare(tmp_path)
    command = [node, "screens.mjs", str(tmp_path), language]
    subprocess.run(command, cwd=packages, check=True, timeout=120)
    width, height = screens.SIZE
    page = launch(None).new_page(viewport={"width": width, "height": height})
    page.goto((tmp_path / "live.html").as_uri())
    page.add_style_tag(content=f"html {{ font-size: {screens.LOOKS['large']}px }}")
    assert page.locator(".controls--caption").count() == 3
    assert page.evaluate(CUT) == []
    page.close()
