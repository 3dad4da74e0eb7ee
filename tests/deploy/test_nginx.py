"""The checked-in nginx file in front of a real gateway: who asks, and what gets through."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.websocket import websocket_connect

from loadtest.stack import ROOT, free_port
from server.settings import Settings
from tests.server.access import authority, keyring
from tests.server.access.authority import Signed, certify
from tests.server.gateway_process import PATIENCE_S, Gateway, running, trust
from tests.server.handlers.wechat_standin import APPID, SECRET, WeChatStandIn
from tests.server.samples import picture

CHECKED_IN = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
HOST = "cameras.example"
CLIENT = "127.0.0.5"  # nobody's proxy


@dataclass
class Site:
    """nginx, the gateway behind it, and who vouches for their certificate."""

    port: int
    gateway: Gateway
    root: Signed
    key: keyring.Entry

    def request(self, path: str, scheme: str = "https", **more: Any) -> HTTPRequest:
        more["headers"] = {"Host": HOST, **more.get("headers", {})}
        url = f"{scheme}://127.0.0.1:{self.port}{path}"
        return HTTPRequest(url, ssl_options=trust(self.root), network_interface=CLIENT, **more)

    async def ask(self, path: str, **more: Any) -> HTTPResponse:
        return await AsyncHTTPClient().fetch(self.request(path, **more), raise_error=False)

    async def login(self, **headers: str) -> int:
        body = json.dumps({"code": "code-of-ann"})
        answer = await self.ask("/v1/login", method="POST", body=body, headers=headers)
        return answer.code

    async def shake(self, origin: str) -> int:
        request = self.request("/ws", "wss", headers={"Origin": origin})
        try:
            socket = await websocket_connect(request)
        except HTTPClientError as error:
            return error.code
        socket.close()
        return 101


def configuration(folder: Path, ports: dict[str, int], pair: tuple[str, str]) -> Path:
    """The checked-in file with other ports and another certificate, in a frame of its own."""
    site = CHECKED_IN.replace("listen 443", f"listen 127.0.0.1:{ports['https']}")
    site = site.replace("listen 80", f"listen 127.0.0.1:{ports['http']}")
    site = site.replace("127.0.0.1:8888", f"127.0.0.1:{ports['gateway']}")
    for name, path in zip(("fullchain", "privkey"), pair, strict=True):
        site = site.replace(f"/etc/letsencrypt/live/cameras.example/{name}.pem", path)
    temporary = "".join(
        f"{each}_temp_path {folder}/{each};\n"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(
        f"daemon off; {user} pid {folder}/nginx.pid; error_log stderr;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{site}}}\n",
        encoding="utf-8",
    )
    return path


@asynccontextmanager
async def nginx_in_front(nginx: str, path: Path, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(nginx, "-c", str(path), "-e", "stderr")
    try:
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                break
            except OSError:
                assert asyncio.get_running_loop().time() < deadline, "nginx does not listen"
                assert process.returncode is None, "nginx refuses its file"
                await asyncio.sleep(0.02)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


@asynccontextmanager
async def site(nginx: str, folder: Path) -> AsyncIterator[Site]:
    """Everything, with a login that may be tried twice a minute."""
    root, key, standin = certify("root"), keyring.secret(), WeChatStandIn()
    pair = authority.write(folder, certify("leaf", root), root)
    flags = [
        "--trusted-proxies=127.0.0.1",
        f"--token-keys={keyring.write(folder / 'keys.json', key)}",
        f"--wechat-appid={APPID}",
        f"--wechat-url={standin.url}",
        f"--wechat-secret-file={secret_file(folder)}",
        "--max-logins-per-min=2",
    ]
    try:
        async with running(*flags) as gateway:
            await gateway.says("listening on")
            ports = {"https": free_port(), "http": free_port(), "gateway": gateway.port}
            path = configuration(folder, ports, pair)
            async with nginx_in_front(nginx, path, ports["https"]):
                yield Site(ports["https"], gateway, root, key)
    finally:
        await standin.stop()


def secret_file(folder: Path) -> Path:
    path = folder / "secret"
    path.write_text(SECRET, encoding="utf-8")
    return path


async def test_the_gateway_behind_nginx(nginx: str, tmp_path: Path) -> None:
    async with site(nginx, tmp_path) as found:
        await sockets_and_uploads_get_through(found)
        await a_clients_word_about_itself_is_not_taken(found)
        await pages_of_this_host_come_by_https(found)
        assert (await found.ask("/metrics")).code == 403
        assert (await found.ask("/readyz")).code == 403
        assert (await found.ask("/healthz")).code == 200


async def sockets_and_uploads_get_through(found: Site) -> None:
    token = keyring.signed(found.key)
    headers = {"Authorization": f"Bearer {token}"}
    request = found.request("/ws", "wss", headers=headers)
    socket = await websocket_connect(request, subprotocols=["framewire.v1.json"])
    assert socket.selected_subprotocol == "framewire.v1.json"
    await socket.write_message(json.dumps({"type": "hello"}))
    welcome = await asyncio.wait_for(socket.read_message(), PATIENCE_S)
    assert welcome is not None
    assert json.loads(welcome)["type"] == "welcome"
    socket.close()
    # No model server runs here: 503 is the gateway's own answer to a picture that came through.
    large = picture() + bytes(9_000_000)
    answer = await found.ask("/v1/infer", method="POST", body=large, headers=headers)
    assert (answer.code, json.loads(answer.body)["code"]) == (503, "backend_unavailable")
    assert (await found.ask("/v1/infer", method="POST", body=picture())).code == 401


async def a_clients_word_about_itself_is_not_taken(found: Site) -> None:
    for number in range(2):
        await found.login(**{"X-Forwarded-For": f"8.8.8.{number}"})
    assert await found.login(**{"X-Forwarded-For": "8.8.8.9"}) == 429
    await found.gateway.says(f"signed in from {CLIENT}")


async def pages_of_this_host_come_by_https(found: Site) -> None:
    assert await found.shake(f"https://{HOST}") == 101
    assert await found.shake(f"http://{HOST}") == 403
    assert await found.shake("https://foreign.example") == 403


def test_the_file_fits_the_defaults() -> None:
    settings = Settings()
    assert f"127.0.0.1:{settings.port};" in CHECKED_IN
    assert "client_max_body_size 11m" in CHECKED_IN
    assert settings.max_upload_bytes + 64 * 1024 <= 11 * 2**20
    assert 2 * settings.ping_s < 75
