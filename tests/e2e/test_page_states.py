"""The page when something is missing or lost, in both languages, by keyboard, in a hidden tab."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from playwright.sync_api import Route, expect

from loadtest.stack import Stack
from tests.e2e.browsing import (
    WITHOUT_ELEMENT,
    answer,
    embed,
    file,
    in_state,
    set_score,
    stats,
    until,
    until_boxes,
    until_fits,
    with_problem,
    with_source,
)
from tests.e2e.conftest import SEEDS, Open
from tests.e2e.film import jpeg, scenes


def test_the_element_reports_a_refused_camera(open_page: Open) -> None:
    with open_page(query=WITHOUT_ELEMENT) as page:
        embed(page)
        page.evaluate("camera.start()")
        until(page, lambda: page.evaluate("seen.problems") == ["camera_refused"], "the problem")
        expect(page.get_by_text("off")).to_be_visible()


def test_a_missing_camera_is_explained(open_page: Open, tmp_path: Path) -> None:
    with open_page(camera=tmp_path / "nothing.mjpeg") as page:
        page.locator("button[data-source=camera]").click()
        with_problem(page, "camera_missing")


def test_an_insecure_address_is_explained(open_page: Open) -> None:
    insecure = "Object.defineProperty(window, 'isSecureContext', { value: false })"
    with open_page(script=insecure) as page:
        page.locator("button[data-source=camera]").click()
        with_problem(page, "camera_insecure")
        assert "https" in page.locator("#problem-text").inner_text()


def test_a_dead_model_server_is_shown_and_survived(open_page: Open, stack: Stack) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        stack.model_server.kill()
        try:
            in_state(page, "waiting")
            expect(page.locator("#card")).to_contain_text("Waiting for a model")
        finally:
            stack.start()
        in_state(page, "ready")
        before = stats(page)["results"]
        until(page, lambda: stats(page)["results"] > before, "results again")


def test_hanging_servers_are_distinguished_and_survived(open_page: Open, stack: Stack) -> None:
    with open_page() as page:
        in_state(page, "ready")
        until_boxes(page)
        for process, words in (
            (stack.model_server, "The model is too slow to respond"),
            (stack.gateway, "The server is not responding"),
        ):
            os.kill(process.pid, signal.SIGSTOP)
            try:
                in_state(page, "stalled")
                expect(page.locator("#card")).to_contain_text(words)
                expect(page.locator("#age")).to_be_hidden()  # the live image is shown instead
            finally:
                os.kill(process.pid, signal.SIGCONT)
            in_state(page, "ready")
            until_boxes(page)


def test_a_dead_or_restarted_gateway_is_shown_and_survived(open_page: Open, stack: Stack) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
        until_fits(page, scene)
        set_score(page, 30)
        stack.gateway.kill()
        try:
            in_state(page, "reconnecting")
            until(page, lambda: "retrying in" in page.locator("#card").inner_text(), "counted")
        finally:
            stack.start()
        in_state(page, "ready")
        # The image is sent again, with the settings kept, without any user action.
        until(page, lambda: bool(answer(page)), "an answer again")
        expect(page.locator("#score-text")).to_have_text("30 %")

        stack.gateway.terminate()  # as for a restart
        try:
            in_state(page, "reconnecting")
        finally:
            stack.start()
        in_state(page, "ready")
        until(page, lambda: bool(answer(page)), "an answer again")


def test_a_missing_model_is_named(open_page: Open) -> None:
    with open_page(query="?model=letters") as page:
        in_state(page, "waiting")
        expect(page.locator("#card-more")).to_contain_text("letters")
    with open_page(query="?version=first") as page:
        in_state(page, "refused")
        expect(page.locator("#card-more")).to_contain_text("version")


def test_the_user_can_reconnect_immediately(open_page: Open, stack: Stack) -> None:
    patient = "Math.random = () => 2000"  # a quarter of an hour until the page's own first try
    with open_page(script=patient) as page:
        in_state(page, "ready")
        stack.gateway.kill()
        try:
            in_state(page, "reconnecting")
        finally:
            stack.start()
        page.get_by_role("button", name="Try now").click()
        in_state(page, "ready")


def test_the_page_has_two_languages_and_remembers_the_choice(open_page: Open) -> None:
    with open_page(locale="zh-CN", color_scheme="dark") as page:
        in_state(page, "ready")
        expect(page.locator("#pill-text")).to_have_text("实时")
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        until_boxes(page)
        page.get_by_role("button", name="English").click()
        expect(page.locator("#pill-text")).to_have_text("Live")
        page.reload()
        expect(page.locator("#pill-text")).to_have_text("Live")
        page.keyboard.press("l")
        expect(page.locator("#pill-text")).to_have_text("实时")


def test_everything_is_reachable_by_keyboard(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        reached = []
        for _ in range(24):
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate(
                    """() => {
                      const { id, dataset, matches } = document.activeElement;
                      const { outlineStyle, zIndex } = getComputedStyle(document.activeElement);
                      const isOnTop = !(dataset.source || dataset.boxes) || zIndex > 0;
                      const name = id || dataset.source || dataset.boxes || '';
                      return [name, outlineStyle !== 'none' && isOnTop];
                    }"""
                )
            )
        wanted = [
            "phone",
            "language",
            "camera",
            "video",
            "picture",
            "scene",
            "pause",
            "save-picture",
        ]
        wanted += ["save-json", "share", "expand", "chart", "hint-camera", "hint-sheet", "score"]
        wanted += ["exact", "live", "full"]
        assert [name for name, _ in reached if name in wanted][: len(wanted)] == wanted
        assert all(outlined for name, outlined in reached if name in wanted)


def test_what_goes_away_hands_the_focus_on(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        for name in ("Add line", "Add zone"):
            page.get_by_role("button", name=name).press("Enter")
        page.get_by_role("button", name="Remove Line 1").press("Enter")
        expect(page.get_by_role("button", name="Remove Zone 1")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Add zone")).to_be_focused()

        page.locator("#classes button").first.press("Enter")
        page.get_by_role("button", name="Show all classes").press("Enter")
        expect(page.locator("#classes-option summary")).to_be_focused()


def test_the_shortcuts_work_and_a_refused_camera_is_explained(open_page: Open) -> None:
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
        with_source(page, "scene")
        until_boxes(page)
        page.keyboard.press("3")
        until(page, lambda: bool(choosers), "the browser asking for a picture")


def test_choosing_a_source_ends_a_pause(open_page: Open) -> None:
    [scene] = scenes(SEEDS[:1])
    with open_page() as page:
        in_state(page, "ready")
        page.keyboard.press("Space")
        in_state(page, "paused")
        page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
        in_state(page, "ready")
        until_fits(page, scene)
        expect(page.locator("#pause")).to_have_text("Pause")


def test_a_tab_opened_in_the_background_sends_nothing(open_page: Open) -> None:
    hidden = "{ value: 'hidden', writable: true }"
    with open_page(script=f"Object.defineProperty(document, 'visibilityState', {hidden})") as page:
        in_state(page, "hidden")
        assert stats(page)["offered"] == 0


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


def test_a_page_that_is_not_complete_yet_is_in_the_users_language(open_page: Open) -> None:
    """On a slow line, the last part arrives seconds after the first."""
    with open_page(locale="zh-CN") as page:
        late: list[Route] = []
        page.route("**/page/app.js", lambda route: late.append(route))
        page.reload(wait_until="commit")
        expect(page.locator("#pill-text")).to_have_text("加载中")
        expect(page.locator("#pause-text")).to_have_text("暂停")
        for route in late:
            route.continue_()
        in_state(page, "ready")


def test_a_part_of_the_page_that_is_lost_is_told(open_page: Open) -> None:
    with open_page(locale="zh-CN") as page:
        page.route("**/page/saving.js", lambda route: route.abort())
        page.reload()
        expect(page.locator("#card-text")).to_have_text("页面加载失败")
        page.unroute_all()
        page.get_by_role("button", name="重新加载").click()
        in_state(page, "ready")
        expect(page.locator("#card")).to_be_hidden()
