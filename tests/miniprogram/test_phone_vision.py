"""Frames by VisionKit on the simulated phone: the right boxes in the right places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demomodel.scenes import Scene, render
from loadtest.stack import Stack
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import Phone, drawn_right, on_preview

WORKS: dict[str, Any] = {"jpeg": True, "pixels": True, "status": 0}
VISION_IS_CHEAPER = {"costs": {"vision": 1, "camera": 1e6}, "failed": [], "hasJpeg": True}
BUILD = "8.0.49 3.5.0"
"""The versions of WeChat and its base library on the simulated phone."""
# Sizes of a camera's picture, as wide as the preview and wider, with scenes whose digits it shows.
SCENES = {(360, 640): 17, (480, 640): 2}


def open_live(
    phone: Phone, scene: Scene, sources: dict[str, Any] | None = VISION_IS_CHEAPER
) -> None:
    """Open the live page on a phone that remembers what its sources of frames cost."""
    if sources is not None:
        phone.tell("remember", key="framewire.sources", value={"build": BUILD, "memory": sources})
    phone.point(scene.picture)
    phone.tell("open", page="live")


def remembered(seen: dict[str, Any]) -> dict[str, Any]:
    stored = json.loads(seen["stored"].get("framewire.sources", "{}"))
    memory: dict[str, Any] = stored.get("memory", {"costs": {}})
    return memory


@pytest.mark.parametrize("size", SCENES)
def test_native_jpegs_give_the_right_digits_in_the_right_places(
    stack: Stack, new_phone: NewPhone, tmp_path: Path, size: tuple[int, int]
) -> None:
    scene = render(SCENES[size], size)
    phone = new_phone(stack, vision={**WORKS, "pixels": False})
    open_live(phone, scene)
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert set(seen["encodings"]) == {"jpeg-native"}
    assert (seen["data"]["source"], seen["visionSessions"], seen["listeners"]) == ("vision", 1, 0)
    assert seen["visionDrawn"] > 0  # the preview
    phone.tell("call", method="takePhoto")
    phone.until(lambda seen: seen.get("asked", "").endswith("photo.jpg"), "a photo")
    assert Image.open(tmp_path / "photo.jpg").height > 0.95 * size[1]  # its width is rounded
    phone.tell("hide")
    hidden = phone.until(lambda seen: seen["sockets"] == 0, "without a socket")
    assert hidden["visionSessions"] == 0
    phone.tell("show")
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits again")
    phone.tell("call", method="flip")
    assert phone.look()["data"]["source"] == "camera"  # VisionKit is for the back camera
    assert phone.look()["visionSessions"] == 0


def test_empties_are_left_for_good(stack: Stack, new_phone: NewPhone) -> None:
    scene = render(SCENES[(360, 640)], (360, 640))
    phone = new_phone(stack, vision={**WORKS, "jpeg": False})
    open_live(phone, scene)
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert "jpeg-native" not in seen["encodings"]
    assert remembered(seen)["hasJpeg"] is False
    phone.tell("set", vision={**WORKS, "jpeg": False, "pixels": False})
    phone.until(lambda seen: seen["data"]["source"] == "camera", "left for the camera")
    phone.tell("call", method="cameraReady")
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert (remembered(seen)["failed"], seen["visionSessions"]) == (["vision"], 0)
    phone.tell("hide")
    phone.tell("open", page="live")
    seen = phone.until(lambda seen: seen["data"]["cameraOn"], "allowed to use the camera")
    assert seen["data"]["source"] == "camera"


def test_a_new_phone_tries_both_sources_and_uses_the_cheaper_one(
    stack: Stack, new_phone: NewPhone
) -> None:
    scene = render(SCENES[(360, 640)], (360, 640))
    phone = new_phone(stack, vision=WORKS)
    open_live(phone, scene, sources=None)
    phone.until(lambda seen: seen["data"]["source"] == "vision", "trying VisionKit")
    phone.until(lambda seen: seen["data"]["source"] == "camera", "trying the camera")
    phone.tell("call", method="cameraReady")
    seen = phone.until(
        lambda seen: set(remembered(seen)["costs"]) == {"vision", "camera"}, "tried both"
    )
    costs = remembered(seen)["costs"]
    cheaper = min(costs, key=lambda source: float(costs[source]))
    phone.until(lambda seen: seen["data"]["source"] == cheaper, f"using {cheaper}")


def test_a_camera_that_the_system_refuses_wechat_is_allowed_there(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    """The mini-program's own settings show the camera as allowed, and could not help."""
    phone = new_phone(stack, vision={**WORKS, "status": 2003001}, system="denied")
    open_live(phone, scene)
    status = phone.until_status("camera_blocked")["data"]["status"]
    assert "系统设置" in status["more"]
    phone.tell("call", method="act", event={"detail": {"action": status["action"]}})
    phone.until(lambda seen: seen["opensSystem"], "the system's settings")
    phone.tell("hide")
    phone.tell("set", vision=WORKS, system="authorized")
    phone.tell("show")
    phone.until(lambda seen: seen["visionSessions"] == 1, "the camera")
    phone.until_status("ready")


def test_a_refused_camera_is_explained(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack, vision={**WORKS, "status": 2003002})
    open_live(phone, scene)
    status = phone.until_status("camera_refused")["data"]["status"]
    assert status["action"] == "authorize"
    phone.tell("set", vision=WORKS)
    phone.tell("call", method="act", event={"detail": {"action": "authorize"}})
    phone.until(lambda seen: seen["visionSessions"] == 1, "the camera")
