"""Zones and lines on the page: added, moved, counted at and remembered. Trails of objects."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import set_score, until, until_boxes, with_source
from tests.e2e.conftest import Open

Place = tuple[float, float]
LEAST_TRAIL = 0.1
TRAIL = """() => {
  const boxes = (framewire.lastResult() || {}).boxes || [];
  const [upper] = boxes.filter(([, y0]) => y0 < 0.3);
  if (!upper) return null;
  const [x0, y0, x1, y1] = upper;
  const canvas = document.getElementById('canvas');
  const scale = canvas.width / canvas.clientWidth;
  const { x, y, width, height } = framewire.place();
  const top = scale * (y + ((y0 + y1) / 2 - 0.06) * height);
  const size = [Math.round(scale * width), Math.round(scale * 0.12 * height)];
  const { data } = canvas.getContext('2d').getImageData(scale * x, top, ...size);
  const coloured = new Array(size[0]).fill(0); // pixels by column
  for (let i = 0; i < data.length; i += 4) {
    const column = (i / 4) % size[0];
    const [rgb, at] = [data.subarray(i, i + 3), column / size[0]];
    const isAside = at < x0 - 0.1 || at > x1 + 0.1;
    if (isAside && Math.max(...rgb) - Math.min(...rgb) > 60) coloured[column] += 1;
  }
  return coloured.filter((pixels) => pixels > 0 && pixels < 10 * scale).length / size[0];
}"""
"""How much of the picture's width, beside the upper digit's box and as high as its centre, has a
thin coloured line: the film is gray, and boxes are elsewhere. Null while there is no such box."""

SMALL = """() => [...document.querySelectorAll('button, select, summary, label, a')]
  .filter((control) => control.checkVisibility())
  .filter((control) => {
    const { width, height } = control.getBoundingClientRect();
    return Math.min(width, height) < 43.9;
  })
  .map((control) => control.id || control.textContent || control.ariaLabel)"""
"""The controls that are too small for a finger."""
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


def counts(page: Page, area: str) -> list[int]:
    """The numbers that the panel shows for an area."""
    shown = page.locator(f'#areas [data-area="{area}"] .count').inner_text()
    return [int(number) for number in re.findall(r"\d+", shown)]


def way(page: Page, name: str, x: float, y: float) -> tuple[Place, Place]:
    """From the middle of a handle to a place in 0..1 of the picture, in pixels of the window."""
    picture = page.locator("#handles").bounding_box()
    handle = page.get_by_role("button", name=name).bounding_box()
    assert picture is not None
    assert handle is not None
    start = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    return start, (picture["x"] + x * picture["width"], picture["y"] + y * picture["height"])


def drag(page: Page, name: str, x: float, y: float) -> None:
    """Drag a handle with the mouse."""
    start, end = way(page, name, x, y)
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end)
    page.mouse.up()


def slide(page: Page, name: str, x: float, y: float) -> None:
    """Drag a handle with a finger, in steps, so that the browser may take it for scrolling."""
    (x0, y0), (x1, y1) = way(page, name, x, y)
    session = page.context.new_cdp_session(page)
    for kind, part in (("touchStart", 0.0), *(("touchMove", step / 4) for step in range(1, 5))):
        finger = {"x": x0 + part * (x1 - x0), "y": y0 + part * (y1 - y0)}
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [finger]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def points(page: Page) -> list[list[Place]]:
    """The points of each area, as the browser remembers them."""
    areas = page.evaluate("JSON.parse(localStorage.getItem('framewire.areas'))")
    return [area["points"] for area in areas]


def test_mouse_finger_and_keys_place_zones_and_lines_that_count(
    open_page: Open, moving: Path
) -> None:
    with open_page(camera=moving, query="?source=camera", has_touch=True) as page:
        with_source(page, "camera")
        set_score(page, 80)  # boxes where no digit is have less
        until(page, lambda: page.evaluate(TRAIL) == 0, "a digit without a trail")
        page.get_by_text("Zones and lines").click()
        page.get_by_role("button", name="Add zone").tap()
        slide(page, "Zone 1, point 3", 0.6, 0.95)
        page.get_by_role("button", name="Add line").click()
        expect(page.get_by_role("button", name="Line 1, point 2")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        drag(page, "Line 1, point 1", 0.52, 0.95)
        zone, line = points(page)
        assert zone[2] == pytest.approx([0.6, 0.95], abs=0.01)
        assert line == [pytest.approx([0.52, 0.95], abs=0.01), pytest.approx([0.48, 0.1])]
        until(page, lambda: all(counts(page, "line 1")), "crossings in both directions")
        until(page, lambda: counts(page, "zone 1")[0] > 0, "a digit in the zone")
        until(page, lambda: (page.evaluate(TRAIL) or 0) > LEAST_TRAIL, "a trail")
        page.get_by_role("button", name="Remove Zone 1").click()
        page.reload()
        with_source(page, "camera")
        expect(page.locator("#areas li")).to_have_count(1)
        expect(page.locator(".handle")).to_have_count(2)
        assert points(page) == [line]


def test_fingers_reach_every_control(open_page: Open) -> None:
    with open_page(is_mobile=True, **PHONE) as page:
        until_boxes(page)
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        for kind in ("zone", "line"):
            page.get_by_role("button", name=f"Add {kind}").tap()
        expect(page.locator(".handle")).to_have_count(6)
        assert page.evaluate(SMALL) == []
