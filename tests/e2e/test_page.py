"""The page in a real browser, before the real gateway and the real model server."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SEEDS, Open
from tests.e2e.film import fits, jpeg, scenes
from tests.e2e.processes import Stack

PATIENCE_S = 30.0
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


def in_state(page: Page, state: str) -> None:
    page.wait_for_selector(f"html[data-state={state}]", timeout=1000 * PATIENCE_S)


def with_source(page: Page, source: str) -> None:
    page.wait_for_selector(f"html[data-source={source}]", timeout=1000 * PATIENCE_S)


def with_problem(page: Page, problem: str) -> None:
    page.wait_for_selector(f"html[data-problem={problem}]", timeout=1000 * PATIENCE_S)
    expect(page.locator("#problem-text")).not_to_be_empty()


def answer(page: Page) -> dict[str, Any] | None:
    """The result that the page shows."""
    shown: dict[str, Any] | None = page.evaluate(
        """() => {
          const shown = framewire.lastResult();
          return shown && { id: shown.id, boxes: shown.boxes, classes: shown.classes,
                            scores: shown.scores, frame: shown.frame };
        }"""
    )
    return shown


def stats(page: Page) -> dict[str, Any]:
    counts: dict[str, Any] = page.evaluate("framewire.stats()")
    return counts


def until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Look until something holds; the page's results come and go by themselves."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"never {what}; shown last: {answer(page)}"
        page.wait_for_timeout(20)


def until_boxes(page: Page) -> None:
    until(page, lambda: bool((answer(page) or {}).get("boxes")), "any boxes")


def set_score(page: Page, percent: int) -> None:
    page.locator("#score").fill(str(percent))


def test_the_scene_shows_boxes_without_a_click(open_page: Open, artifacts: Path) -> None:
    with open_page() as page:
        in_state(page, "ready")
        with_source(page, "scene")
        until_boxes(page)
        expect(page.locator("#found .chip").first).to_be_visible()
        expect(page.locator("#card")).to_be_hidden()
        until(page, lambda: stats(page)["results"] > 20, "many results")
        page.screenshot(path=artifacts / "page-scene.png", full_page=True)


def test_the_camera_shows_the_right_digits_in_the_right_places(
    open_page: Open, film: Path, artifacts: Path
) -> None:
    wanted = dict(zip(SEEDS, scenes(SEEDS), strict=True))
    with open_page(camera=film) as page:
        page.get_by_role("button", name="Camera").click()
        with_source(page, "camera")
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
                    page.screenshot(path=artifacts / f"page-camera-{seed}.png")
                    seen.add(seed)
        assert shown is not None
        assert shown["frame"] == {"width": 256, "height": 192}
        assert float(page.locator("#p50").inner_text()) < 1000


def test_boxes_are_drawn_where_they_were_found(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
        with_source(page, "picture")
        until(page, lambda: fits(answer(page), scene), "the picture's digits")
        painted = page.evaluate(
            """() => {
              const canvas = document.getElementById('canvas');
              const pen = canvas.getContext('2d');
              const { boxes } = framewire.lastResult();
              const saturation = (x, y) => {
                const [r, g, b] = pen.getImageData(Math.round(x), Math.round(y), 1, 1).data;
                return Math.max(r, g, b) - Math.min(r, g, b);
              };
              return boxes.map(([x0, y0, x1, y1]) => [
                saturation(((x0 + x1) / 2) * canvas.width, y1 * canvas.height),
                saturation(x1 * canvas.width, ((y0 + y1) / 2) * canvas.height),
              ]);
            }"""
        )
        # The outline's colour is far more vivid than these scenes are.
        assert all(edge > 100 for box in painted for edge in box)


def test_the_slider_acts_at_once_and_is_told_to_the_server(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        set_score(page, 95)
        expect(page.locator("#score-text")).to_have_text("95 %")
        until(page, lambda: all(s >= 0.95 for s in (answer(page) or {})["scores"]), "best scores")
        set_score(page, 5)
        until(page, lambda: min((answer(page) or {})["scores"], default=1) < 0.5, "low scores")
        page.keyboard.press("Space")  # the slider has no use for it, but the page must not scroll
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Space")
        in_state(page, "paused")
        many = page.locator("#found .chip").count()
        # Paused: nothing comes from the server, so what changes was filtered here.
        until(page, lambda: stats(page)["outstanding"] == 0, "settled")
        page.evaluate(
            """() => {
              const score = document.getElementById('score');
              score.value = 95;
              score.dispatchEvent(new Event('input'));
            }"""
        )
        assert page.locator("#found .chip").count() < many


def test_a_picture_is_asked_about_again_when_the_answer_may_differ(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
        with_source(page, "picture")
        until(page, lambda: fits(answer(page), scene), "the picture's digits")
        first = answer(page)
        assert first is not None
        assert first["frame"] == {"width": 256, "height": 192}
        page.get_by_label("Send full size").check()
        until(page, lambda: (answer(page) or first)["frame"]["width"] == 640, "the full size")
        page.locator("#score").fill("30")
        second = answer(page)
        until(page, lambda: answer(page) != second, "another answer")
        expect(page.locator("#age")).to_be_hidden()


def test_a_film_plays(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#video-file", file("film.webm", "video/webm", record(page)))
        with_source(page, "video")
        before = stats(page)["results"]
        until(page, lambda: stats(page)["results"] > before + 10, "results of the film")
        until_boxes(page)


def test_a_picture_can_be_dropped_on_the_page(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        drop(page, "scene.jpg", "image/jpeg", jpeg(scene))
        with_source(page, "picture")
        until(page, lambda: fits(answer(page), scene), "the picture's digits")


@pytest.mark.parametrize(
    ("name", "kind", "problem"),
    [
        ("broken.jpg", "image/jpeg", "picture_unreadable"),
        ("broken.webm", "video/webm", "video_unplayable"),
        ("letter.txt", "text/plain", "file_unknown"),
    ],
)
def test_a_useless_file_is_named_and_the_page_goes_on(
    open_page: Open, name: str, kind: str, problem: str
) -> None:
    with open_page() as page:
        in_state(page, "ready")
        drop(page, name, kind, b"no picture at all")
        with_problem(page, problem)
        with_source(page, "scene")
        until_boxes(page)
        page.get_by_role("button", name="Close this note").click()
        expect(page.locator("#problem")).to_be_hidden()


def test_a_refused_camera_is_explained(open_page: Open) -> None:
    with open_page() as page:
        page.get_by_role("button", name="Camera").click()
        with_problem(page, "camera_refused")
        with_source(page, "scene")
        until_boxes(page)


def test_a_missing_camera_is_explained(open_page: Open, tmp_path: Path) -> None:
    with open_page(camera=tmp_path / "nothing.mjpeg") as page:
        page.get_by_role("button", name="Camera").click()
        with_problem(page, "camera_missing")


def test_an_insecure_address_is_explained(open_page: Open) -> None:
    insecure = "Object.defineProperty(window, 'isSecureContext', { value: false })"
    with open_page(script=insecure) as page:
        page.get_by_role("button", name="Camera").click()
        with_problem(page, "camera_insecure")
        assert "https" in page.locator("#problem-text").inner_text()


def test_a_dead_model_server_is_told_and_survived(
    open_page: Open, stack: Stack, artifacts: Path
) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        stack.model_server.kill()
        try:
            in_state(page, "waiting")
            expect(page.locator("#card")).to_contain_text("Waiting for the model")
            page.screenshot(path=artifacts / "page-waiting.png")
        finally:
            stack.start()
        in_state(page, "ready")
        before = stats(page)["results"]
        until(page, lambda: stats(page)["results"] > before, "results again")


def test_a_dead_gateway_is_told_and_survived(
    open_page: Open, stack: Stack, artifacts: Path
) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
        until(page, lambda: fits(answer(page), scene), "the picture's digits")
        set_score(page, 30)
        stack.gateway.kill()
        try:
            in_state(page, "reconnecting")
            until(page, lambda: "reconnecting in" in page.locator("#card").inner_text(), "counted")
            page.screenshot(path=artifacts / "page-reconnecting.png")
        finally:
            stack.start()
        in_state(page, "ready")
        # The picture is asked about anew, with the settings kept, and nobody touched a thing.
        until(page, lambda: bool(answer(page)), "an answer again")
        expect(page.locator("#score-text")).to_have_text("30 %")


def test_a_gateway_that_is_restarted_is_come_back_to(open_page: Open, stack: Stack) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        stack.gateway.terminate()
        try:
            in_state(page, "reconnecting")
        finally:
            stack.start()
        in_state(page, "ready")
        until_boxes(page)


def test_a_model_that_does_not_exist_is_named(open_page: Open) -> None:
    with open_page(query="?model=letters") as page:
        in_state(page, "waiting")
        expect(page.locator("#card-more")).to_contain_text("letters")
    with open_page(query="?version=first") as page:
        in_state(page, "refused")
        expect(page.locator("#card-more")).to_contain_text("version")


def test_a_user_can_reconnect_at_once(open_page: Open, stack: Stack) -> None:
    patient = "Math.random = () => 0.999"  # so that the page would wait for long
    with open_page(script=patient) as page:
        in_state(page, "ready")
        stack.gateway.kill()
        try:
            in_state(page, "reconnecting")
            page.wait_for_timeout(4000)
        finally:
            stack.start()
        page.get_by_role("button", name="Try now").click()
        page.wait_for_selector("html[data-state=ready]", timeout=2500)


def test_the_page_speaks_two_languages_and_remembers(open_page: Open, artifacts: Path) -> None:
    with open_page(locale="zh-CN", color_scheme="dark") as page:
        in_state(page, "ready")
        expect(page.locator("#pill-text")).to_have_text("实时")
        assert page.evaluate("document.documentElement.lang") == "zh"
        until_boxes(page)
        page.screenshot(path=artifacts / "page-chinese.png", full_page=True)
        page.get_by_role("button", name="English").click()
        expect(page.locator("#pill-text")).to_have_text("Live")
        page.reload()
        expect(page.locator("#pill-text")).to_have_text("Live")
        page.keyboard.press("l")
        expect(page.locator("#pill-text")).to_have_text("实时")


def test_everything_is_reached_by_keyboard(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        reached = []
        for _ in range(12):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    """() => {
                      const { id, dataset, matches } = document.activeElement;
                      const outlined = getComputedStyle(document.activeElement).outlineStyle;
                      return [id || dataset.source || '', outlined !== 'none'];
                    }"""
                )
            )
        wanted = ["language", "camera", "video", "picture", "scene", "pause", "score", "full"]
        assert [name for name, _ in reached if name in wanted][: len(wanted)] == wanted
        assert all(outlined for name, outlined in reached if name in wanted)


def test_keys_do_what_the_page_says(open_page: Open) -> None:
    choosers: list[Any] = []
    with open_page() as page:
        page.on("filechooser", lambda chooser: choosers.append(chooser))
        in_state(page, "ready")
        page.keyboard.press("Space")
        in_state(page, "paused")
        page.keyboard.press("Space")
        in_state(page, "ready")
        page.keyboard.press("ArrowRight")
        expect(page.locator("#score-text")).to_have_text("55 %")
        page.keyboard.press("1")
        with_problem(page, "camera_refused")
        page.keyboard.press("3")
        until(page, lambda: bool(choosers), "the browser asking for a picture")


def test_a_hidden_tab_sends_nothing(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        page.evaluate(
            """() => {
              const hidden = { value: 'hidden', writable: true };
              Object.defineProperty(document, 'visibilityState', hidden);
              document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        in_state(page, "hidden")
        until(page, lambda: stats(page)["outstanding"] == 0, "settled")
        before = stats(page)["offered"]
        page.wait_for_timeout(300)
        assert stats(page)["offered"] <= before + 1  # one may have been in the encoder
        page.evaluate(
            """() => {
              document.visibilityState = 'visible';
              document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        in_state(page, "ready")
        until(page, lambda: stats(page)["offered"] > before + 2, "frames again")


def test_the_page_fits_a_phone(open_page: Open, artifacts: Path) -> None:
    with open_page(**PHONE, color_scheme="dark") as page:
        in_state(page, "ready")
        until_boxes(page)
        until(page, lambda: stats(page)["results"] > 20, "many results")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.screenshot(path=artifacts / "page-phone.png", full_page=True)


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


def test_less_motion_means_a_scene_that_stands_still(open_page: Open) -> None:
    with open_page(reduced_motion="reduce") as page:
        in_state(page, "ready")
        until_boxes(page)
        first = answer(page)
        assert first is not None
        until(page, lambda: (answer(page) or first)["id"] > first["id"] + 2, "later answers")
        assert (answer(page) or first)["boxes"] == first["boxes"]


def file(name: str, kind: str, content: bytes) -> Any:
    return {"name": name, "mimeType": kind, "buffer": content}


def drop(page: Page, name: str, kind: str, content: bytes) -> None:
    """Drop a file on the page."""
    page.evaluate(
        """([name, type, text]) => {
          const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], name, { type }));
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
        }""",
        [name, kind, base64.b64encode(content).decode()],
    )


def record(page: Page) -> bytes:
    """A second of the page's own scene as a film."""
    text: str = page.evaluate(
        """async () => {
          const canvas = document.getElementById('canvas');
          const recorder = new MediaRecorder(canvas.captureStream(), { mimeType: 'video/webm' });
          const parts = [];
          recorder.ondataavailable = ({ data }) => parts.push(data);
          recorder.start();
          await new Promise((done) => setTimeout(done, 1000));
          await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
          const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
          return btoa(Array.from(bytes, (each) => String.fromCharCode(each)).join(''));
        }"""
    )
    return base64.b64decode(text)
