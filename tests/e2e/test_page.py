"""The page in a real browser, with the real gateway and the real model server."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.browsing import (
    answer,
    drop,
    file,
    in_state,
    paste,
    set_score,
    stats,
    track,
    until,
    until_boxes,
    until_fits,
    with_problem,
    with_source,
)
from tests.e2e.conftest import SEEDS, Open
from tests.e2e.film import fits, jpeg, scenes, webm

PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

LONG_WORDS = """() => {
  const [pill, card, retry, more] =
    ['pill-text', 'card', 'retry', 'card-more'].map((id) => document.getElementById(id));
  const isWhole = pill.scrollWidth <= pill.clientWidth;
  const head = document.querySelector('.top');
  const before = head.clientHeight;
  pill.textContent = 'Server is full: retrying in 12 s';
  const isCalm = head.clientHeight === before;
  card.hidden = retry.hidden = false;
  more.textContent = 'no such model; '.repeat(40);
  const upper = (element) => element.getBoundingClientRect().top;
  return [isWhole, isCalm, upper(card) >= upper(card.parentNode)];
}"""
"""Whether the state is readable, and whether long texts keep the header and the card in place."""


def lower_edge(page: Page, id: str) -> float:
    """An element's lower edge, in pixels from the top of the window."""
    box = page.locator(f"#{id}").bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def scores(page: Page, missing: float) -> list[float]:
    """The scores that the page shows, or one that is ``missing`` while it shows no result."""
    shown = answer(page)
    return [missing] if shown is None else list(shown["scores"])


def test_the_scene_shows_boxes_without_a_click(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        with_source(page, "scene")
        until_boxes(page)
        expect(page.locator("#boxes [aria-pressed=true]")).to_have_text("Exact")
        expect(page.locator("#result .chip").first).to_be_visible()
        expect(page.locator("#card")).to_be_hidden()
        until(page, lambda: stats(page)["results"] > 5, "many results")


def test_the_camera_shows_the_right_digits_in_the_right_places(open_page: Open, film: Path) -> None:
    wanted = dict(zip(SEEDS, scenes(SEEDS), strict=True))
    with open_page(camera=film) as page:
        page.locator("button[data-source=camera]").click()
        with_source(page, "camera")
        expect(page.locator("#spoken")).not_to_contain_text("Allow the camera")
        seen: set[int] = set()
        while seen != set(SEEDS):
            until(
                page,
                lambda: any(fits(answer(page), wanted[seed]) for seed in set(SEEDS) - seen),
                f"the digits of {set(SEEDS) - seen}",
            )
            shown = answer(page)
            for seed in set(SEEDS) - seen:
                if fits(shown, wanted[seed]):
                    seen.add(seed)
        assert shown is not None
        assert shown["frame"] == {"width": 256, "height": 192}
        assert float(page.locator("#p50").inner_text()) < 1000


def test_the_user_can_choose_among_several_cameras(open_page: Open) -> None:
    with open_page(allowed=True) as page:
        expect(page.locator("#device")).to_be_hidden()
        page.locator("button[data-source=camera]").click()
        expect(page.locator("#cameras option")).to_have_count(2)
        second = page.locator("#cameras option").nth(1).get_attribute("value")
        page.locator("#cameras").select_option(second)
        until(page, lambda: track(page) == second, "the other camera")
        assert page.locator("video").count() == 1
        page.evaluate("window.light = document.querySelector('video').srcObject.getTracks()[0]")
        page.locator("button[data-source=scene]").click()
        with_source(page, "scene")
        expect(page.locator("#device")).to_be_hidden()
        expect(page.locator("video")).to_have_count(0)
        assert page.evaluate("light.readyState") == "ended"


def test_boxes_of_a_dropped_image_are_drawn_in_the_right_place(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        drop(page, "scene.jpg", "image/jpeg", jpeg(scene))
        with_source(page, "picture")
        until_fits(page, scene)
        painted = page.evaluate(
            """() => {
              const canvas = document.getElementById('canvas');
              const pen = canvas.getContext('2d');
              const { boxes } = framewire.lastResult();
              const place = framewire.place();
              const scale = canvas.width / canvas.clientWidth;
              const saturation = (x, y) => {
                const [r, g, b] = pen.getImageData(Math.floor(x), Math.floor(y), 1, 1).data;
                return Math.max(r, g, b) - Math.min(r, g, b);
              };
              const across = (x) => scale * (place.x + x * place.width);
              const down = (y) => scale * (place.y + y * place.height);
              return boxes.map(([x0, y0, x1, y1]) => [
                saturation(across((x0 + x1) / 2), down(y1)),
                saturation(across(x1), down((y0 + y1) / 2)),
              ]);
            }"""
        )
        # The outline is far more saturated than these scenes.
        assert all(edge > 100 for box in painted for edge in box)


def test_the_slider_acts_immediately_and_reaches_the_server(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        set_score(page, 95)
        expect(page.locator("#score-text")).to_have_text("95 %")
        until(page, lambda: all(s >= 0.95 for s in scores(page, 0.0)), "best scores")
        set_score(page, 5)
        until(page, lambda: min(scores(page, 1.0), default=1) < 0.5, "low scores")
        page.keyboard.press("Space")  # the slider ignores it, and the page must not scroll
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Space")
        in_state(page, "paused")
        many = page.locator("#result .chip").count()
        # Paused: no results arrive, so any change was filtered on the page.
        until(page, lambda: stats(page)["outstanding"] == 0, "settled")
        page.evaluate(
            """() => {
              const score = document.getElementById('score');
              score.value = 95;
              score.dispatchEvent(new Event('input'));
            }"""
        )
        assert page.locator("#result .chip").count() < many


def test_an_image_is_sent_again_when_its_result_may_differ(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
        with_source(page, "picture")
        until_fits(page, scene)
        first = answer(page)
        assert first is not None
        assert first["frame"] == {"width": 256, "height": 192}
        expect(page.locator("#boxes-option")).to_be_hidden()  # nothing moves
        page.get_by_label("Send at full resolution").check()
        until(page, lambda: (answer(page) or first)["frame"]["width"] == 640, "the full size")
        page.locator("#score").fill("30")
        second = answer(page)
        until(page, lambda: answer(page) != second, "another answer")
        expect(page.locator("#age")).to_be_hidden()


def test_images_without_a_type_and_of_any_shape(open_page: Open) -> None:
    """Names without a suffix tell the browser nothing; of a panorama, one side may shrink to 0."""
    [scene] = scenes(SEEDS[:1])
    panorama = io.BytesIO()
    Image.new("RGB", (6000, 2), "white").save(panorama, "PNG")
    with open_page() as page:
        in_state(page, "ready")
        drop(page, "photo", "", jpeg(scene))
        with_source(page, "picture")
        until_fits(page, scene)
        page.set_input_files("#picture-file", file("a.png", "image/png", panorama.getvalue()))
        until(page, lambda: (answer(page) or {}).get("frame", {}).get("height") == 1, "a panorama")
        expect(page.locator("#problem")).to_be_hidden()


def test_a_video_loops(open_page: Open) -> None:
    shown = scenes(SEEDS[:2])
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#video-file", file("film.webm", "video/webm", webm(shown)))
        with_source(page, "video")
        for scene in (*shown, shown[0]):
            until_fits(page, scene)


def test_unusable_files_are_explained_and_the_page_continues(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        for name, kind, problem in (
            ("broken.jpg", "image/jpeg", "picture_unreadable"),
            ("broken.webm", "video/webm", "video_unplayable"),
            ("letter.txt", "text/plain", "file_unknown"),
        ):
            before = answer(page)
            drop(page, name, kind, b"no picture at all")
            with_problem(page, problem)
            with_source(page, "scene")
            until(page, lambda before=before: answer(page) not in (before, None), "another answer")
            until_boxes(page)
            page.get_by_role("button", name="Dismiss").click()
            expect(page.locator("#problem")).to_be_hidden()


def test_the_page_fits_a_phone(open_page: Open) -> None:
    with open_page(**PHONE, color_scheme="dark") as page:
        in_state(page, "ready")
        until_boxes(page)
        until(page, lambda: stats(page)["results"] > 5, "many results")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.set_viewport_size({"width": 844, "height": 390})
        for id in ("canvas", "pause", "score"):
            assert lower_edge(page, id) <= 390
        page.set_viewport_size({"width": 320, "height": 568})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        short, long, card = page.evaluate(LONG_WORDS)
        assert short, "the word Live is cut off"
        assert long, "a longer state moves the image"
        assert card, "a long reason overflows the image"


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_text_of_twice_the_size_fits_a_phone(open_page: Open, locale: str) -> None:
    with open_page(viewport={"width": 360, "height": 740}, locale=locale) as page:
        in_state(page, "ready")
        browser = page.context.new_cdp_session(page)
        browser.send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
        assert page.evaluate("getComputedStyle(document.body).fontSize") == "32px"
        wider = "document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wider) <= 0
        for option in ("#score-text", "#lost-count", "#boxes button:last-child"):
            hidden = page.locator(option).evaluate(
                "(shown) => Math.max(shown.scrollWidth - shown.clientWidth,"
                " shown.getBoundingClientRect().right - innerWidth)"
            )
            assert hidden <= 0, option


def test_a_browser_without_offscreen_canvas_encodes_on_the_page(open_page: Open) -> None:
    with open_page(script="delete window.OffscreenCanvas") as page:
        in_state(page, "ready")
        until_boxes(page)


def test_a_worker_that_fails_is_replaced(open_page: Open) -> None:
    broken = """
      const Real = Worker;
      window.Worker = function (address, options) { return new Real('/static/none.js', options); };
    """
    with open_page(query="?", script=broken) as page:
        in_state(page, "ready")
        until_boxes(page)
        expect(page.locator("#problem")).to_be_hidden()  # nothing for the user to do


def test_reduced_motion_means_a_static_scene_in_forced_colours_too(open_page: Open) -> None:
    with open_page(reduced_motion="reduce", forced_colors="active") as page:
        in_state(page, "ready")
        until_boxes(page)
        first = answer(page)
        assert first is not None
        until(page, lambda: (answer(page) or first)["id"] > first["id"] + 2, "later answers")
        assert (answer(page) or first)["boxes"] == first["boxes"]
        scene, camera = (
            page.locator(f"button[data-source={name}]").evaluate(
                "(e) => getComputedStyle(e).backgroundColor"
            )
            for name in ("scene", "camera")
        )
        assert scene != camera, "the selected source does not differ"


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
