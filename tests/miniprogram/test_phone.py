"""The mini-program's code on a simulated phone: the right boxes in the right places."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image, ImageOps

from demomodel.scenes import Scene, render
from loadtest.stack import Stack
from tests.e2e.film import fits
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import drawn_right, live, on_preview

# Frame sizes of real phones, each with the seed of a scene that the demo model gets right.
SIZES = {(288, 352): 2, (288, 625): 3, (480, 640): 2}


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
    phone.until(lambda seen: any(seen["answer"].get("ids", ())), "tracked digits")
    status = phone.until_status("ready")
    assert status["data"]["status"]["title"] == "实时"
    assert seen["data"]["model"] == "digits 1"


def test_a_landscape_sensor_is_rotated(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    """The back camera's sensor is mounted at a right angle; frames are rotated clockwise."""
    phone = new_phone(stack)
    live(phone, scene.picture.transpose(Image.Transpose.ROTATE_90))
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert seen["answer"]["frame"]["orientation"] == {"rotate": 90, "mirror": False}


def test_the_front_cameras_preview_is_mirrored(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture, front=True)
    wanted = on_preview(scene, mirrored=True)
    phone.until(lambda seen: drawn_right(seen, wanted), "the right digits")


def test_mirrored_frames_are_corrected_before_the_model_sees_them(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, {"frameMirrored": True, "previewMirrored": True})
    live(phone, ImageOps.mirror(scene.picture), front=True)
    wanted = on_preview(scene, mirrored=True)
    seen = phone.until(lambda seen: drawn_right(seen, wanted), "the right digits")
    assert fits(seen["answer"], scene)


def test_every_encoding_is_tried_and_gives_the_same_results(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, givesUrls=True, givesFiles=True, platform="ios")
    live(phone, scene.picture)
    jpegs = ("jpeg-worker", "jpeg-url", "jpeg-file", "jpeg-js")
    formats = {**dict.fromkeys(jpegs, "jpeg"), "rgb-worker": "rgb", "rgb": "rgb"}
    seen = phone.until(lambda seen: set(seen["encodings"]) == set(formats), "all encodings")
    for encoding, format in formats.items():
        assert seen["encodings"][encoding]["frame"]["format"] == format
        assert fits(seen["encodings"][encoding], scene), encoding
    assert seen["stats"]["uplinkBytesPerS"] > 1e5


def test_statistics_and_results_are_shown(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack, {"language": "en"})
    live(phone, scene.picture)
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    seen = phone.until(lambda seen: seen["data"]["summary"].startswith("Results"), "a summary")
    shown = {item["name"]: item["value"] for item in seen["data"]["statistics"]}
    assert shown["frame size"].endswith(" KB")
    assert shown["encoding"] in ("RGB", "JPEG")
    assert float(shown["results/s"]) > 0
    assert shown["latency"].endswith(" ms")


def test_the_slider_acts_immediately_and_reaches_the_server(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, {"minScore": 0.05})
    live(phone, scene.picture)
    phone.until(lambda seen: len(seen["strokes"]) > 0, "any boxes")
    released = {"detail": {"percent": 95, "isResting": True}}
    phone.tell("call", method="optionChanges", event=released)
    seen = phone.until(
        lambda seen: all(score >= 0.95 for score in seen["answer"]["scores"]), "best scores"
    )
    assert '"minScore":0.95' in seen["stored"]["framewire.settings"]


def test_frames_stay_within_the_window_and_each_has_one_outcome(
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


def test_without_live_boxes_nothing_is_tracked(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack, {"boxes": "exact"})
    live(phone, scene.picture)
    seen = phone.until(
        lambda seen: drawn_right(seen, on_preview(scene)) and seen["stats"]["results"] > 5,
        "the right digits",
    )
    assert "ids" not in seen["answer"]
