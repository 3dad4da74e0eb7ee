"""A phone in the background, without network, and with servers that restart."""

from __future__ import annotations

import os
import signal

import pytest

from demomodel.scenes import Scene
from loadtest.stack import Stack
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import drawn_right, live, on_preview


def test_background_and_foreground(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)
    before = phone.until(lambda seen: seen["stats"] and seen["stats"]["results"] > 3, "results")
    phone.tell("hide")
    hidden = phone.until(lambda seen: seen["sockets"] == 0, "without a socket")
    assert hidden["listeners"] == 0
    assert hidden["strokes"] == []
    phone.tell("show")
    phone.until_status("ready")
    more = before["stats"]["results"] + 5
    seen = phone.until(lambda seen: seen["stats"]["results"] > more, "more results")
    assert seen["sockets"] == 1
    assert "reconnecting" not in seen["told"]


@pytest.mark.parametrize("quiet", [False, True], ids=["told", "told to the app alone"])
def test_a_socket_that_dies_is_replaced(
    stack: Stack, new_phone: NewPhone, scene: Scene, quiet: bool
) -> None:
    """On iOS, the socket itself may not report that it was closed."""
    phone = new_phone(stack, {"minScore": 0.3}, quietClose=quiet)
    live(phone, scene.picture)
    phone.until(lambda seen: seen["stats"] and seen["stats"]["results"] > 3, "results")
    phone.tell("blind")  # a frame that cannot be sent would tell it too
    phone.tell("cut")
    # Well before the first heartbeat, which would notice it in any case.
    phone.until(lambda seen: "reconnecting" in seen["told"], "reconnecting", patience_s=12)
    phone.until_status("ready")
    phone.point(scene.picture)
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")


def test_a_lost_network_is_shown_and_its_return_noticed(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)
    phone.until_status("ready")
    phone.tell("network", online=False)
    assert phone.until_status("offline")["data"]["status"]["title"] == "网络不可用"
    phone.tell("network", online=True)
    phone.until_status("ready")
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")


def test_a_draining_server(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)
    phone.until(lambda seen: seen["stats"] and seen["stats"]["results"] > 3, "results")
    stack.gateway.terminate()
    seen = phone.until(lambda seen: "reconnecting" in seen["told"], "reconnecting")
    assert seen["told"].index("draining") < seen["told"].index("reconnecting")
    stack.start()
    phone.until_status("ready")
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")


def test_a_model_server_that_restarts(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)
    phone.until_status("ready")
    stack.model_server.kill()
    phone.until_status("waiting")
    stack.start()
    phone.until_status("ready")


def test_hanging_servers_are_distinguished(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack)
    live(phone, scene.picture)
    phone.until_status("ready")
    for process, status in (
        (stack.model_server, "stalled_model"),
        (stack.gateway, "stalled_server"),
    ):
        os.kill(process.pid, signal.SIGSTOP)
        try:
            seen = phone.until_status(status)
            assert seen["strokes"] == []  # no box outlives the frames that it belongs to
        finally:
            os.kill(process.pid, signal.SIGCONT)
        phone.until_status("ready")
        phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
