"""``<framewire-camera>`` in another page, and what leaves the page: files, links, paper."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from loadtest.stack import Stack
from tests.e2e.browsing import in_state, paste, until, until_boxes, until_fits, with_source
from tests.e2e.conftest import SEEDS, Open
from tests.e2e.film import jpeg, scenes

EMBED = """async () => {
  await import('/static/element/framewire-camera.js');
  document.body.innerHTML = '<framewire-camera min-score="0.4" aria-label="Digits"><p>off</p>';
  window.camera = document.querySelector('framewire-camera');
  window.seen = { results: 0, states: [], problems: [] };
  camera.addEventListener('result', ({ detail: { result } }) => {
    seen.results += 1;
    seen.last = result;
  });
  camera.addEventListener('statechange', ({ detail }) => seen.states.push(detail.state.name));
  camera.addEventListener('problem', ({ detail }) => seen.problems.push(detail.code));
}"""


def embed(page: Page, stack: Stack) -> None:
    """Put the element into a page that knows nothing of it, under the gateway's content policy."""
    page.goto(f"{stack.url}static/digits.html")
    page.evaluate(EMBED)


def results(page: Page) -> int:
    count: int = page.evaluate("seen.results")
    return count


def test_the_element_shows_results_and_reports_them(
    open_page: Open, stack: Stack, film: Path, artifacts: Path
) -> None:
    with open_page(camera=film) as page:
        embed(page, stack)
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
        page.screenshot(path=artifacts / "page-element.png")
        page.evaluate("camera.remove()")
        assert page.evaluate("seen.states.at(-1)") == "closed"
        assert page.evaluate("camera.shadowRoot.querySelector('video')") is None


def test_the_element_reports_a_refused_camera(open_page: Open, stack: Stack) -> None:
    with open_page() as page:
        embed(page, stack)
        page.evaluate("camera.start()")
        until(page, lambda: page.evaluate("seen.problems") == ["camera_refused"], "the problem")
        expect(page.get_by_text("off")).to_be_visible()


def test_a_picture_is_pasted_filtered_and_saved(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page(query="?score=30&lang=en") as page:
        in_state(page, "ready")
        expect(page.locator("#score-text")).to_have_text("30 %")
        paste(page, "scene.jpg", "image/jpeg", jpeg(scene))
        with_source(page, "picture")
        until_fits(page, scene)
        page.locator("#classes-option > summary").click()
        digits = {str(label) for label in scene.labels}
        digit = min(digits)
        page.locator("#classes").get_by_text(digit, exact=True).click()
        names = page.locator("#result .chip b")
        expect(names.first).to_have_text(digit)
        assert set(names.all_inner_texts()) == {digit}

        with page.expect_download() as picture:
            page.get_by_role("button", name="Save the image").click()
        assert Image.open(picture.value.path()).size == (640, 480)
        with page.expect_download() as document:
            page.keyboard.press("j")
        saved = json.loads(Path(document.value.path()).read_text(encoding="utf-8"))
        assert saved["model"]["name"] == "digits"
        assert digits <= set(saved["names"])


def test_settings_travel_in_a_link_without_the_token(open_page: Open) -> None:
    options = {"permissions": ["clipboard-read", "clipboard-write"]}
    with open_page(query="?boxes=live#token=secret", **options) as page:
        in_state(page, "ready")
        until_boxes(page)
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Copy a link").click()
        expect(page.locator("#toast")).to_contain_text("Link copied")
        link = page.evaluate("navigator.clipboard.readText()")
        assert "score=55" in link
        assert "boxes=live" in link
        assert "secret" not in link
        page.keyboard.press("b")
        assert "boxes=exact" in page.url  # a reload keeps it
        page.get_by_role("button", name="Open on your phone").click()
        expect(page.locator("#phone-more")).to_contain_text("on this computer only")
        expect(page.locator("#phone-code")).to_be_hidden()
        page.keyboard.press("Escape")
        expect(page.locator("#phone-dialog")).to_be_hidden()
        with page.expect_popup() as sheet:
            page.get_by_role("link", name="Print digits").click()
        expect(sheet.value.locator(".sheet p")).to_have_count(12)
        assert len(sheet.value.pdf()) > 0
