"""Zones and lines on the page: added, moved, counted at and remembered."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.browsing import until, with_source
from tests.e2e.conftest import Open


def counts(page: Page, area: str) -> list[int]:
    """The numbers that the panel shows for an area."""
    shown = page.locator(f'#areas [data-area="{area}"] .count').inner_text()
    return [int(number) for number in re.findall(r"\d+", shown)]


def drag(page: Page, name: str, x: float, y: float) -> None:
    """Drag a handle to a place in 0..1 of the picture."""
    picture = page.locator("#handles").bounding_box()
    handle = page.get_by_role("button", name=name).bounding_box()
    assert picture is not None
    assert handle is not None
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(picture["x"] + x * picture["width"], picture["y"] + y * picture["height"])
    page.mouse.up()


def test_zones_and_lines_are_moved_count_and_are_remembered(open_page: Open, moving: Path) -> None:
    with open_page(camera=moving, query="?source=camera") as page:
        with_source(page, "camera")
        page.get_by_text("Zones and lines").click()
        page.get_by_role("button", name="Add zone").click()
        page.get_by_role("button", name="Add line").click()
        expect(page.get_by_role("button", name="Line 1, point 2")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        drag(page, "Line 1, point 1", 0.52, 0.95)
        until(page, lambda: all(counts(page, "line 1")), "crossings in both directions")
        until(page, lambda: counts(page, "zone 1")[0] > 0, "a digit in the zone")
        page.get_by_role("button", name="Remove Zone 1").click()
        page.reload()
        with_source(page, "camera")
        expect(page.locator("#areas li")).to_have_count(1)
        expect(page.locator(".handle")).to_have_count(2)
        [line] = page.evaluate("JSON.parse(localStorage.getItem('framewire.areas'))")
        assert line["points"][0] == pytest.approx([0.52, 0.95], abs=0.01)
        assert line["points"][1] == pytest.approx([0.48, 0.1])
