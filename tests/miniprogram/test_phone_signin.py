"""Sign-in on the phone: ``wx.login``, the gateway's token, its renewal and its expiry."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demomodel.scenes import Scene, render
from loadtest.stack import Stack
from tests.conftest import gateway_with
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import Phone, digits_drawn, drawn_right, live, on_preview
from tests.server.access.keyring import Entry, secret, signed, write
from tests.server.handlers.wechat_standin import APPID, SECRET, WeChatStandIn

CODES = {f"code-{number}": "oAnn" for number in range(1, 100)}


@pytest.fixture(scope="module")
def wechat() -> Iterator[WeChatStandIn]:
    """A stand-in for WeChat's server, on its own event loop, as tests block on phones."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> WeChatStandIn:
        return WeChatStandIn()

    standin = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield standin
    asyncio.run_coroutine_threadsafe(standin.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="module")
def key() -> Entry:
    return secret()


@pytest.fixture(scope="module")
def guarded(
    demo_servers: Stack, wechat: WeChatStandIn, key: Entry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """A gateway that requires tokens and issues them for WeChat's login codes."""
    folder = tmp_path_factory.mktemp("door")
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    flags = (
        f"--token-keys={write(folder / 'keys.json', key)}",
        "--token-leeway-s=0",
        f"--wechat-appid={APPID}",
        f"--wechat-secret-file={folder / 'secret'}",
        f"--wechat-url={wechat.url}",
    )
    with gateway_with(demo_servers, *flags) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_codes(wechat: WeChatStandIn) -> None:
    wechat.users = dict(CODES)
    wechat.says = None


def keep(phone: Phone, guarded: Stack, token: str, renew_in_s: float = 3600) -> None:
    """Store a token on the phone."""
    now = 1000 * time.time()
    kept = {
        "url": f"{guarded.url}v1/login",
        "token": token,
        "expiresAt": now + 3_600_000,
        "renewAt": now + 1000 * renew_in_s,
    }
    phone.tell("remember", key="framewire.token", value=kept)


def kept_token(seen: dict[str, Any]) -> str:
    return str(json.loads(seen["stored"]["framewire.token"])["token"])


def test_only_the_first_visit_signs_in(guarded: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(guarded, loginCode="code-")
    live(phone, scene.picture)
    seen = phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")
    assert seen["logins"] == 1
    assert "signing_in" in seen["told"]
    assert not {"refused", "unauthorized"} & set(seen["told"])
    phone.tell("hide")
    phone.tell("show")
    phone.until_status("ready")
    assert phone.look()["logins"] == 1


@pytest.mark.parametrize("wrong", ["not a token", "expired", "of another key"])
def test_an_invalid_stored_token_is_replaced(
    guarded: Stack, new_phone: NewPhone, scene: Scene, key: Entry, wrong: str
) -> None:
    phone = new_phone(guarded, loginCode="code-")
    tokens = {
        "expired": signed(key, exp=int(time.time()) - 60),
        "of another key": signed(secret()),
    }
    keep(phone, guarded, tokens.get(wrong, wrong))
    live(phone, scene.picture)
    phone.until_status("ready")
    assert phone.look()["logins"] == 1


def test_a_token_that_expires_during_a_session_is_replaced(
    guarded: Stack, new_phone: NewPhone, scene: Scene, key: Entry
) -> None:
    phone = new_phone(guarded, loginCode="code-")
    keep(phone, guarded, signed(key, exp=int(time.time()) + 8))
    live(phone, scene.picture)
    phone.until_status("ready")
    assert phone.look()["logins"] == 0
    phone.until(lambda seen: seen["logins"] == 1, "signed in anew")
    phone.until_status("ready")
    phone.until(lambda seen: drawn_right(seen, on_preview(scene)), "the right digits")


def test_a_token_is_renewed_without_interruption(
    guarded: Stack, new_phone: NewPhone, scene: Scene, key: Entry
) -> None:
    phone = new_phone(guarded, loginCode="code-")
    ends_in_s = 8
    keep(phone, guarded, signed(key, exp=int(time.time()) + ends_in_s), renew_in_s=1)
    live(phone, scene.picture)
    phone.until_status("ready")
    first = kept_token(phone.look())
    phone.until(lambda seen: kept_token(seen) != first, "another token")
    ended = time.monotonic() + ends_in_s + 0.5
    phone.until(lambda seen: time.monotonic() > ended, "beyond the first token's end")
    before = phone.look()["stats"]["results"]
    seen = phone.until(lambda seen: seen["stats"]["results"] > before + 3, "more results")
    assert seen["opened"] == 1
    assert seen["told"][-1] == "ready"
    assert set(seen["told"]) <= {"connecting", "ready"}


def test_a_login_that_wechat_rejects_is_reported_once(
    guarded: Stack, new_phone: NewPhone, scene: Scene, wechat: WeChatStandIn
) -> None:
    phone = new_phone(guarded, loginCode="code-")
    wechat.says = {"errcode": 40226, "errmsg": "code blocked"}
    live(phone, scene.picture)
    status = phone.until_status("unauthorized")["data"]["status"]
    assert "WeChat has blocked this user" in status["more"]
    assert phone.look()["logins"] == 1
    wechat.says = None
    phone.tell("call", method="act", event={"detail": {"action": status["action"]}})
    phone.until_status("ready")
    assert phone.look()["logins"] == 2


def test_a_phone_where_login_fails(guarded: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(guarded, loginCode="")
    live(phone, scene.picture)
    assert "login:fail" in phone.until_status("unauthorized")["data"]["status"]["more"]


def test_a_photo_signs_in_too(guarded: Stack, new_phone: NewPhone, tmp_path: Path) -> None:
    scene = render(2, (640, 480))
    scene.picture.save(tmp_path / "photo.jpg", quality=90)
    phone = new_phone(
        guarded, photo=str(tmp_path / "photo.jpg"), givesFiles=True, loginCode="code-"
    )
    phone.tell("open", page="photo")
    phone.tell("call", method="choose")
    seen = phone.look()
    assert not seen["data"]["isFailed"], seen["data"]["message"]
    assert len(digits_drawn(seen["photo"])) == len(scene.labels)
    assert seen["logins"] == 1
