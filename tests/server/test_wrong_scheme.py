"""Clients that use https:// where the gateway has http://, and the other way round."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from tests.server.access import authority
from tests.server.access.authority import certify
from tests.server.gateway_process import PATIENCE_S, Gateway, running


@pytest.fixture
def tls_flags(tmp_path: Path) -> tuple[str, str]:
    """The flags of a gateway with TLS."""
    root = certify("root")
    chain, key = authority.write(tmp_path, certify("leaf", root), root)
    return f"--tls-certificate={chain}", f"--tls-key={key}"


async def first_line(gateway: Gateway, *sent: bytes) -> bytes:
    """Return what the first line of the answer to ``sent`` is, empty if there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    try:
        for part in sent:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.readline(), PATIENCE_S)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("workers", [1, 2])
async def test_tls_to_a_gateway_without_it_fails_at_once(workers: int) -> None:
    async with running(f"--workers={workers}") as gateway:
        await gateway.says("listening on")
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLError, match=r"(?i)wrong.version.number"):
            await asyncio.wait_for(
                asyncio.open_connection("127.0.0.1", gateway.port, ssl=context), PATIENCE_S
            )
        line = await gateway.says("127.0.0.1 speaks TLS, and this gateway does not: use http://")
        assert "INFO" in line
        # Other clients are not disturbed, however their first bytes arrive.
        for parts in ([b"GET"], [b"G", b"ET"]):
            answer = await first_line(gateway, *parts, b" /healthz HTTP/1.0\r\n\r\n")
            assert b" 200 " in answer


async def test_http_to_a_gateway_with_tls_is_logged_in_words(tls_flags: tuple[str, str]) -> None:
    async with running(*tls_flags, "--log-format=json") as gateway:
        await gateway.says("listening on")
        await first_line(gateway, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        line = json.loads(await gateway.says("speaks HTTP"))
        assert line["level"] == "info"
        assert line["message"] == (
            "127.0.0.1 speaks HTTP, and this gateway TLS: use https:// and wss://"
        )
        assert line["address"] == "127.0.0.1"
        await first_line(gateway, b"\x16\x03\x01\x00\x05nonsense" + bytes(100))
        assert "opened no TLS connection" in await gateway.says("opened no TLS connection")
        assert not any("SSL Error" in line for line in gateway.lines)


async def test_a_head_that_is_too_long_is_logged_in_words() -> None:
    async with running() as gateway:
        await gateway.says("listening on")
        head = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"x" * 40_000
        assert await first_line(gateway, head) == b""
        line = await gateway.says("a request is not answered")
        assert "exceeds 16384 bytes" in line
        assert "delimiter" not in line


async def test_a_quiet_log_has_no_lines_about_clients(tls_flags: tuple[str, str]) -> None:
    async with running(*tls_flags, "--log-level=warning") as gateway:
        await gateway.says("no model server answers")
        await first_line(gateway, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert not any("speaks HTTP" in line or "SSL" in line for line in gateway.lines)
