"""What the mini-program shows when something is missing or wrong, and its other pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from demomodel.scenes import Scene, render
from loadtest.stack import Stack
from tests.e2e.film import fits
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import PREVIEW, digits_drawn, live


def test_an_unlisted_domain(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone("other.example.org", domains=["listed.example.org"])
    live(phone, scene.picture)
    status = phone.until_status("wrong_domain")["data"]["status"]
    assert "wss://other.example.org" in status["more"]
    assert status["action"] == "settings"


def test_a_missing_model(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack, {"model": "faces"})
    live(phone, scene.picture)
    status = phone.until_status("no_model")["data"]["status"]
    assert "faces" in status["more"]


def test_without_a_server_the_page_leads_to_the_settings(new_phone: NewPhone) -> None:
    phone = new_phone("")
    phone.tell("open", page="live")
    status = phone.until_status("no_server")["data"]["status"]
    phone.tell("call", method="act", event={"detail": {"action": status["action"]}})
    assert phone.look()["asked"] == "/pages/settings/settings"


@pytest.mark.parametrize(
    ("missing", "status", "action"),
    [("privacy", "privacy", "privacy"), ("cameraAllowed", "camera_refused", "authorize")],
)
def test_missing_permissions(
    stack: Stack, new_phone: NewPhone, missing: str, status: str, action: str
) -> None:
    phone = new_phone(stack, **{missing: False})
    phone.tell("open", page="live")
    shown = phone.until_status(status)["data"]
    assert not shown["cameraOn"]
    assert shown["status"]["action"] == action
    if missing == "privacy":
        phone.tell("set", privacy=True)
    phone.tell("call", method="act", event={"detail": {"action": action}})
    phone.until(lambda seen: seen["data"]["cameraOn"], "allowed")
    phone.until_status("ready")


def test_a_failed_camera_is_explained_and_can_be_retried(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)
    failure = {"detail": {"errMsg": "insertCamera: camera in use"}}
    phone.tell("call", method="cameraFailed", event=failure)
    assert "camera in use" in phone.until_status("camera_failed")["data"]["status"]["more"]
    phone.tell("call", method="act", event={"detail": {"action": "retry"}})
    phone.until_status("ready")


def test_a_photo_gets_its_results(stack: Stack, new_phone: NewPhone, tmp_path: Path) -> None:
    scene = render(2, (640, 480))
    scene.picture.save(tmp_path / "photo.jpg", quality=90)
    phone = new_phone(stack, photo=str(tmp_path / "photo.jpg"), givesFiles=True)
    phone.tell("open", page="photo")
    phone.tell("call", method="choose")
    seen = phone.look()
    assert not seen["data"]["isFailed"], seen["data"]["message"]
    drawn = digits_drawn(seen["photo"])
    width, height = PREVIEW
    boxes = [
        (x / width, y / height, (x + w) / width, (y + h) / height) for _, (x, y, w, h) in drawn
    ]
    assert fits({"classes": [digit for digit, _ in drawn], "boxes": boxes}, scene)


def test_an_unreadable_photo_is_explained(
    stack: Stack, new_phone: NewPhone, tmp_path: Path
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"no picture")
    phone = new_phone(stack, photo=str(tmp_path / "photo.jpg"), givesFiles=True)
    phone.tell("open", page="photo")
    phone.tell("call", method="choose")
    data = phone.look()["data"]
    assert data["isFailed"]
    assert data["message"] == "无法读取这张照片，请换一张。"


def test_a_photo_without_a_reachable_server(new_phone: NewPhone, tmp_path: Path) -> None:
    render(2, (320, 240)).picture.save(tmp_path / "photo.jpg")
    phone = new_phone("http://127.0.0.1:9", photo=str(tmp_path / "photo.jpg"))
    phone.tell("open", page="photo")
    phone.tell("call", method="choose")
    data = phone.look()["data"]
    assert data["isFailed"]
    assert data["message"].startswith("无法连接服务器")


def test_settings_are_saved_and_validated(new_phone: NewPhone) -> None:
    phone = new_phone("")
    phone.tell("open", page="settings")
    for typed, wrong, note in [
        ("vision.example.org", False, "wss://vision.example.org/ws"),
        ("https://example.org/vision/", False, "wss://example.org/vision/ws"),
        ("ws://127.0.0.1:8888/ws", False, "未加密的地址仅限开发者工具调试"),
        ("not an address", True, "服务器地址格式不正确"),
    ]:
        phone.tell("call", method="serverTyped", event={"detail": {"value": typed}})
        seen = phone.look()
        assert (seen["data"]["isWrong"], seen["data"]["note"]) == (wrong, note)
        assert typed in seen["stored"]["framewire.settings"]
    phone.tell("call", method="languagePicked", event={"detail": {"value": 2}})
    assert phone.look()["title"] == "Settings"


@pytest.mark.parametrize(
    ("settings", "kind", "title", "more"),
    [
        ({}, "good", "Connected", "digits 1"),
        ({"model": "faces"}, "bad", "Model not available", "faces"),
        ({"server": "http://127.0.0.1:9"}, "bad", "Cannot reach the server", "127.0.0.1:9"),
    ],
    ids=["it works", "no such model", "no server"],
)
def test_the_connection_test_says_what_is_wrong(
    stack: Stack, new_phone: NewPhone, settings: dict[str, str], kind: str, title: str, more: str
) -> None:
    phone = new_phone(stack, {"language": "en", **settings})
    phone.tell("open", page="settings")
    phone.tell("call", method="test")
    seen = phone.until(lambda seen: seen["data"]["outcome"], "the outcome")
    outcome = seen["data"]["outcome"]
    assert (outcome["kind"], outcome["title"]) == (kind, title)
    assert more in outcome["more"]
    assert not seen["data"]["isTesting"]
    phone.until(lambda seen: seen["sockets"] == 0, "without a socket")
