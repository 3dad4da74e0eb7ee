"""The gateway as a process with TLS: certificates and keys change while it runs."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import ssl
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from server.core.admission import UNAUTHORIZED
from tests.server.access import authority, keyring
from tests.server.access.authority import certify
from tests.server.gateway_process import PATIENCE_S, Gateway, running, trust


async def connect(
    gateway: Gateway, root: authority.Signed, token: str = ""
) -> WebSocketClientConnection:
    request = HTTPRequest(f"wss://127.0.0.1:{gateway.port}/ws", ssl_options=trust(root))
    socket = await websocket_connect(request, subprotocols=["framewire.v1.json"])
    await socket.write_message(json.dumps({"type": "hello", **({"token": token} if token else {})}))
    return socket


async def read(socket: WebSocketClientConnection) -> dict[str, Any]:
    payload = await asyncio.wait_for(socket.read_message(), PATIENCE_S)
    assert payload is not None
    found = json.loads(payload)
    assert isinstance(found, dict)
    return found


async def test_certificates_and_keys_change_under_a_live_gateway(tmp_path: Path) -> None:
    first, second = certify("first root"), certify("second root")
    old, new = keyring.secret("old"), keyring.secret("new")
    chain, key = authority.write(tmp_path, certify("leaf", first), first)
    keys = keyring.write(tmp_path / "keys.json", old)
    flags = [f"--tls-certificate={chain}", f"--tls-key={key}", f"--token-keys={keys}"]
    async with running(*flags) as gateway:
        await gateway.says("listening on")
        assert not any("INSECURE" in line for line in gateway.lines)
        live = await connect(gateway, first, keyring.signed(old))
        assert (await read(live))["type"] == "welcome"

        # An invalid pair is logged in one line, and the previous one stays in use.
        authority.write(tmp_path, certify("leaf", first), first, key=b"broken")
        line = await gateway.says("keeping the previous content")
        assert "is not a usable private key" in line
        assert (await read(await connect(gateway, first, keyring.signed(old))))["type"] == "welcome"

        authority.write(tmp_path, certify("leaf", second), second)
        keyring.write(tmp_path / "keys.json", new)
        gateway.process.send_signal(signal.SIGHUP)
        await gateway.says("tls_certificate: ", 2)
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(gateway, first)
        assert (await read(await connect(gateway, second, keyring.signed(new))))[
            "type"
        ] == "welcome"
        refused = await connect(gateway, second, keyring.signed(old))
        assert (await read(refused))["code"] == "unauthorized"
        assert await refused.read_message() is None
        assert refused.close_code == UNAUTHORIZED

        # Open connections are not affected, even with large frames.
        picture = base64.b64encode(bytes(512 * 512 * 4)).decode()
        frame = {"type": "frame", "id": 7, "format": "rgba", "width": 512, "height": 512}
        await live.write_message(json.dumps({**frame, "data": picture}))
        outcome = await read(live)
        assert (outcome["code"], outcome["id"]) == ("backend_unavailable", 7)
        await live.write_message(json.dumps({"type": "ping", "t": 1}))
        assert (await read(live)) == {"type": "pong", "t": 1}


async def test_old_tls_versions_are_rejected(tmp_path: Path) -> None:
    root = certify("root")
    chain, key = authority.write(tmp_path, certify("leaf", root), root)
    async with running(f"--tls-certificate={chain}", f"--tls-key={key}") as gateway:
        await gateway.says("listening on")
        context = trust(root)
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection("127.0.0.1", gateway.port, ssl=context)
        url = f"https://127.0.0.1:{gateway.port}/healthz"
        answer = await AsyncHTTPClient().fetch(HTTPRequest(url, ssl_options=trust(root)))
        assert answer.code == 200


async def ended(*flags: str) -> tuple[int | None, str]:
    async with running(*flags) as gateway:
        await asyncio.wait_for(gateway.process.wait(), PATIENCE_S)
    return gateway.process.returncode, "".join(gateway.lines)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--tls-certificate=nothing.pem", "--tls-key=x"], "nothing.pem: No such file"),
        (["--tls-key=x"], "must be set together"),
        (["--token-keys=nothing.json"], "token_keys: nothing.json does not exist; create it"),
        (["--trusted-proxies=nginx"], "trusted_proxies: 'nginx'"),
        (["--wechat-appid=wx1"], "token_keys is required"),
    ],
)
async def test_a_failed_start_prints_one_line(flags: list[str], words: str) -> None:
    status, said = await ended(*flags)
    assert status == 2
    assert said.startswith("framewire: ")
    assert words in said
    assert said.count("\n") == 1


async def test_a_public_address_logs_warnings() -> None:
    async with running("--host=0.0.0.0") as gateway:
        await gateway.says("INSECURE", 2)
    async with running() as gateway:
        await gateway.says("listening on")
        gateway.process.terminate()
        await gateway.says("stopping")
        assert not any("INSECURE" in line for line in gateway.lines)
