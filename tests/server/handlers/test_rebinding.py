"""Pages under names that an attacker has let resolve to the gateway's address."""

from __future__ import annotations

import pytest

from server.core.errors import ForbiddenOrigin
from tests.server.handlers.conftest import Serve
from tests.server.handlers.socket_client import SocketClient


def browser(host: str) -> dict[str, str]:
    """The headers of a page that came from ``host``."""
    return {"Host": host, "Origin": f"http://{host}"}


async def test_a_page_from_a_rebound_name_may_not_connect(serve: Serve) -> None:
    served = serve()
    await SocketClient.open(served, headers=browser(f"localhost:{served.port}"))
    response = await SocketClient.rejected(served, browser("evil.example:8888"))
    assert response.code == 403
    assert ForbiddenOrigin.code.encode() in response.body
    assert b"evil.example:8888' is not in allowed_hosts" in response.body
    # Only pages are at risk of that: a program may use any name.
    await SocketClient.open(served, headers={"Host": "cameras.internal"})


@pytest.mark.parametrize(
    "settings",
    [{"host": "0.0.0.0"}, {"trusted_proxies": "127.0.0.1"}, {"allowed_hosts": "phone.example"}],
)
async def test_reachable_gateways_have_any_name_or_those_listed(
    serve: Serve, settings: dict[str, str]
) -> None:
    await SocketClient.open(serve(**settings), headers=browser("phone.example"))
