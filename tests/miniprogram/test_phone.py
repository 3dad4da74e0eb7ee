"""The mini-program's own code on a phone made for tests: the right boxes in the right places."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageOps

from demomodel.scenes import Scene, render
from loadtest.stack import Stack
from tests.e2e.film import fits
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import drawn_right, live, on_preview

# Sizes that phones' cameras give, each with the seed of a scene that the demo model reads rightly.
SIZES = {(288, 352): 5, (288, 625): 5, (480, 640): 5}


@pytest.mark.parametrize("size", SIZES)
def test_the_right_digits_in_the_right_places(
    stack: Stack, new_phone: NewPhone, size: tuple[int, int]
) -> None:
    scene = render(SIZES[size], size)
    phone = new_phone(stack)
    live(phone, scene.picture)
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert fits(seen["answer"], scene)
    assert (seen["answer"]["frame"]["width"], seen["answer"]["frame"]["height"]) == (192, 192)
    status = phone.until_status("ready")
    assert status["data"]["status"]["title"] == "实时"
    assert seen["data"]["model"] == "digits 1"


def test_a_camera_that_lies_is_turned(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    """A sensor on the back is turned by a quarter; the frame reads rightly clockwise."""
    phone = new_phone(stack)
    live(phone, scene.picture.transpose(Image.Transpose.ROTATE_90))
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert seen["answer"]["frame"]["view"] == {"rotate": 90, "mirror": False}


def test_the_front_cameras_preview_is_a_mirror(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture, front=True)
    wanted = on_preview(scene, mirrored=True)
    phone.until(lambda seen: drawn_right(seen, wanted), "the right digits")


def test_frames_that_are_mirrored_are_turned_round_before_the_model_sees_them(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, {"frameMirrored": True, "previewMirrored": True})
    live(phone, ImageOps.mirror(scene.picture), front=True)
    wanted = on_preview(scene, mirrored=True)
    seen = phone.until(lambda seen: drawn_right(seen, wanted), "the right digits")
    assert fits(seen["answer"], scene)


def test_every_way_to_make_a_frame_is_tried_and_reads_the_same(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, givesUrls=True, givesFiles=True)
    live(phone, scene.picture)
    ways = {"jpeg url": "jpeg", "jpeg file": "jpeg", "jpeg js": "jpeg", "rgb": "rgb"}
    seen = phone.until(lambda seen: set(seen["ways"]) == set(ways), "all ways")
    for way, format in ways.items():
        assert seen["ways"][way]["frame"]["format"] == format
        assert fits(seen["ways"][way], scene), way
    assert seen["stats"]["uplinkBytesPerS"] > 1e5


def test_figures_and_words_are_shown(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack, {"language": "en"})
    live(phone, scene.picture)
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    seen = phone.until(lambda seen: seen["data"]["found"].startswith("Found"), "the line of words")
    figures = {item["name"]: item["value"] for item in seen["data"]["figures"]}
    assert figures["a frame"].endswith(" KB")
    assert figures["way"] in ("pixels", "JPEG")
    assert float(figures["frames/s"]) > 0
    assert figures["delay"].endswith(" ms")


def test_the_slider_acts_at_once_and_the_server_is_told(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, {"minScore": 0.05})
    live(phone, scene.picture)
    phone.until(lambda seen: len(seen["strokes"]) > 0, "any boxes")
    phone.tell("call", method="scoreRests", event={"detail": {"percent": 95}})
    seen = phone.until(
        lambda seen: all(score >= 0.95 for score in seen["answer"]["scores"]), "best scores"
    )
    assert '"minScore":0.95' in seen["stored"]["framewire.settings"]


def test_never_more_frames_than_the_window_and_each_has_its_outcome(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)

    def many(seen: dict[str, Any]) -> bool:
        assert (seen["stats"] or {}).get("outstanding", 0) <= 4
        return bool(seen["stats"] and seen["stats"]["results"] > 30)

    phone.until(many, "thirty results")
    phone.tell("call", method="cameraStopped")
    phone.tell("hide")
    counts = phone.look()["stats"]
    lost = sum(counts["dropped"].values()) + sum(counts["errors"].values())
    assert counts["results"] + lost == counts["offered"]
