"""Exact and live boxes on the page and in its element, and boxes that keep up with the camera."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.browsing import WITHOUT_ELEMENT, embed, until, with_source
from tests.e2e.conftest import Open
from tests.e2e.motion import WATCH, fit

LEAST_OVERLAP = 0.7
GAIN = 0.02
"""By how much boxes sit better than they did where they were captured, at the least."""


def ids(page: Page) -> list[int | None] | None:
    """The ids in the latest result; None if it was not tracked."""
    tracked: list[int | None] | None = page.evaluate(
        "() => (framewire.lastResult() || {}).ids || null"
    )
    return tracked


def mode(page: Page) -> str | None:
    """The mode that the page's option shows; None if there is none to choose."""
    if page.locator("#boxes-option").is_hidden():
        return None
    return page.locator("#boxes button[aria-pressed=true]").get_attribute("data-boxes")


def test_boxes_keep_up_with_the_camera(open_page: Open, moving: Path) -> None:
    """The preview runs ahead of the results, and the boxes are where the digits are by then."""
    with open_page(camera=moving, script=WATCH, query="?source=camera") as page:
        with_source(page, "camera")
        until(page, lambda: mode(page) == "live", "live boxes")
        until(page, lambda: any(ids(page) or ()), "ids")

        def keeps_up() -> bool:
            page.wait_for_timeout(600)
            samples = page.evaluate("filmWatch.take()")
            measured = fit(samples) if len(samples) > 5 else None
            if measured is None or measured.drawn < LEAST_OVERLAP:
                return False
            return measured.drawn >= measured.received + GAIN

        until(page, keeps_up, "boxes that keep up")
        expect(page.locator("#age")).to_be_hidden()


def test_the_choice_is_remembered_and_has_a_key(open_page: Open, moving: Path) -> None:
    with open_page(camera=moving, query="?source=camera", locale="zh-CN") as page:
        with_source(page, "camera")
        until(page, lambda: mode(page) == "live", "live boxes")
        page.keyboard.press("b")
        assert mode(page) == "exact"
        expect(page.locator("#spoken")).to_have_text("逐帧对齐")
        expect(page.locator("#age")).to_be_visible()
        until(page, lambda: ids(page) is None, "results without tracking")
        page.reload()
        with_source(page, "camera")
        until(page, lambda: mode(page) == "exact", "the same choice")
        page.get_by_role("button", name="实时跟随").click()
        assert mode(page) == "live"
        page.keyboard.press("4")
        with_source(page, "scene")
        assert mode(page) == "live"


def test_reduced_motion_means_exact_boxes(open_page: Open, moving: Path) -> None:
    options = {"reduced_motion": "reduce", "query": "?source=camera"}
    with open_page(camera=moving, **options) as page:
        with_source(page, "camera")
        until(page, lambda: mode(page) == "exact", "exact boxes")


def results(page: Page) -> int:
    count: int = page.evaluate("seen.results")
    return count


def test_the_element_shows_results_and_reports_them(open_page: Open, moving: Path) -> None:
    with open_page(camera=moving, query=WITHOUT_ELEMENT) as page:
        embed(page)
        expect(page.get_by_text("off")).to_be_visible()
        page.evaluate("camera.start()")
        until(page, lambda: results(page) > 5, "results")
        expect(page.get_by_text("off")).to_be_hidden()
        expect(page.get_by_role("img", name="Digits")).to_be_visible()
        assert page.evaluate("[camera.state, camera.model.name]") == ["ready", "digits"]
        page.evaluate("camera.setAttribute('min-score', '0.95')")
        until(page, lambda: min(page.evaluate("seen.last.scores"), default=1) >= 0.95, "best ones")
        size = page.evaluate(
            "camera.save().then(createImageBitmap).then((b) => [b.width, b.height])"
        )
        assert size == [640, 480]
        page.evaluate("camera.remove()")
        assert page.evaluate("seen.states.at(-1)") == "closed"
        assert page.evaluate("camera.shadowRoot.querySelector('video')") is None


SLOW_CAMERA = """() => {
  const { mediaDevices } = navigator;
  const real = mediaDevices.getUserMedia.bind(mediaDevices);
  const first = new Promise((_, reject) => {
    window.refuse = () => reject(new DOMException('in use', 'NotReadableError'));
  });
  let calls = 0;
  mediaDevices.getUserMedia = (wanted) => ((calls += 1) === 1 ? first : real(wanted));
}"""
"""A camera whose first start stays under way until it is refused."""


def test_an_element_that_is_started_again_is_not_stopped_by_its_first_start(
    open_page: Open, moving: Path
) -> None:
    with open_page(camera=moving, query=WITHOUT_ELEMENT) as page:
        page.evaluate(SLOW_CAMERA)
        embed(page)
        page.evaluate("() => { camera.start(); camera.stop(); camera.start(); }")
        until(page, lambda: results(page) > 0, "results of the second start")
        page.evaluate("refuse()")
        before = results(page)
        until(page, lambda: results(page) > before + 3, "further results")
        assert page.evaluate("[camera.state, seen.problems]") == ["ready", []]


def test_attributes_of_the_element_that_are_wrong_and_taken_back(
    open_page: Open, moving: Path
) -> None:
    with open_page(camera=moving, query=WITHOUT_ELEMENT) as page:
        embed(page)
        page.evaluate("() => { camera.setAttribute('src', 'http://[bad'); camera.start(); }")
        assert page.evaluate("seen.problems") == ["failed"]
        expect(page.get_by_text("off")).to_be_visible()
        page.evaluate("() => { camera.removeAttribute('src'); camera.start(); }")
        until(page, lambda: results(page) > 0, "results")
        page.evaluate("camera.setAttribute('model', 'nosuch')")
        until(page, lambda: page.evaluate("camera.state") == "waiting", "an unknown model")
        page.evaluate("camera.removeAttribute('model')")
        until(page, lambda: page.evaluate("camera.state") == "ready", "the gateway's default")
