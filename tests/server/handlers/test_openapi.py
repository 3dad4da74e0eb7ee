"""openapi.json and the gateway agree: addresses, methods, statuses, headers and bodies.

Each documented answer is provoked, and each answer is compared with the document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.web import Application, RequestHandler

from server.admin.handlers import PublicActHandler
from server.app import http_server
from server.core.errors import DeadlineExceeded, ModelFailed, UnusableModel
from server.core.model import ModelKey
from server.handlers.infer import _NUMBERS, _TEXTS
from tests.server.access.keyring import secret, signed, write
from tests.server.handlers.conftest import Serve, Served
from tests.server.handlers.documents import OPENAPI, invalid, resolved
from tests.server.handlers.socket_client import SocketClient
from tests.server.handlers.wechat_standin import APPID, SECRET, WeChatStandIn
from tests.server.samples import picture

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
FOREIGN = {"Origin": "https://foreign.example"}
GENERIC = {
    "Server",
    "Date",
    "Content-Length",
    "Content-Type",
    "Connection",
    "Etag",
    "Last-Modified",
    "Accept-Ranges",
    "Allow",
}
"""Headers of HTTP itself."""

Operation = tuple[str, str]
Answer = tuple[str, str, str]


def operations() -> dict[Operation, dict[str, Any]]:
    """Every documented operation by its method and path."""
    return {
        (method, path): item[method]
        for path, item in OPENAPI["paths"].items()
        for method in METHODS
        if method in item
    }


def documented_answers() -> set[Answer]:
    found = operations().items()
    return {(*operation, status) for operation, what in found for status in what["responses"]}


def template_of(path: str) -> str:
    """The documented path that an address belongs to."""
    path = path.partition("?")[0]
    if path in OPENAPI["paths"]:
        return path
    patterns = {one: re.sub(r"\{\w+\}", ".+", one) for one in OPENAPI["paths"]}
    [template] = [one for one, pattern in patterns.items() if re.fullmatch(pattern, path)]
    return template


class Client:
    """Asks gateways, compares each answer with the document, and remembers which there were."""

    def __init__(self) -> None:
        self.seen: set[Answer] = set()
        self.headers: set[tuple[str, str]] = set()

    async def ask(
        self, served: Served, method: str, path: str, status: int, **options: Any
    ) -> HTTPResponse:
        """Send a request, as a page of the gateway's own unless ``headers`` say another."""
        headers = {"Origin": f"http://127.0.0.1:{served.port}", **options.pop("headers", {})}
        response = await AsyncHTTPClient().fetch(
            served.url(path),
            method=method,
            headers=headers,
            raise_error=False,
            follow_redirects=False,
            allow_nonstandard_methods=True,
            decompress_response=False,
            **options,
        )
        assert response.code == status, (method, path, response.body)
        self.check(method.lower(), template_of(path), response)
        return response

    def check(self, method: str, template: str, response: HTTPResponse) -> None:
        """Compare an answer with the document."""
        status = str(response.code)
        answer = operations()[method, template]["responses"][status]
        self.seen.add((method, template, status))
        documented = resolved(answer, "openapi.json")
        self._check_headers(answer.get("$ref", f"{template} {status}"), documented, response)
        if method != "head" and "content" in documented:
            self._check_body(documented["content"], response)

    def _check_headers(self, name: str, documented: dict[str, Any], response: HTTPResponse) -> None:
        headers = {key.lower(): value for key, value in documented.get("headers", {}).items()}
        for header, value in response.headers.get_all():
            if header in GENERIC:
                continue
            assert header.lower() in headers, (name, header)
            schema = resolved(headers[header.lower()], "openapi.json")["schema"]
            assert invalid(value, schema) == []
            self.headers.add((name, header.lower()))

    @staticmethod
    def _check_body(content: dict[str, Any], response: HTTPResponse) -> None:
        kind = response.headers["Content-Type"].partition(";")[0]
        assert kind in content or "*/*" in content, kind
        if kind == "application/json" and kind in content:
            assert invalid(json.loads(response.body), content[kind]["schema"]) == []


def documented_headers() -> Iterator[tuple[str, str]]:
    """Yield each header of each documented answer."""
    for (_, path), operation in operations().items():
        for status, answer in operation["responses"].items():
            name = answer.get("$ref", f"{path} {status}")
            for header in resolved(answer, "openapi.json").get("headers", {}):
                yield name, header.lower()


# Addresses


def rules(served: Served) -> dict[str, type[RequestHandler]]:
    """The handlers of the gateway's addresses, by regular expression.

    Not among them is what answers acts like unknown addresses, and logs them.
    """
    table = http_server(served.gateway, served.settings, served.access).request_callback
    assert isinstance(table, Application)
    handlers = {rule.matcher.regex.pattern: rule.target for rule in table.wildcard_router.rules}
    return {path: one for path, one in handlers.items() if one is not PublicActHandler}


def methods_of(handler: type[RequestHandler]) -> set[str]:
    return {name for name in METHODS if getattr(handler, name) is not getattr(RequestHandler, name)}


async def test_addresses_and_methods_are_those_of_the_gateway(served: Served) -> None:
    table = rules(served)
    used = set()
    for path in OPENAPI["paths"]:
        address = re.sub(r"\{\w+\}", "openapi.json", path)
        [pattern] = [pattern for pattern in table if re.fullmatch(pattern, address)]
        used.add(pattern)
        assert {method for method, of in operations() if of == path} == methods_of(table[pattern])
    assert used == set(table)


def test_the_options_of_an_upload_are_those_of_the_code() -> None:
    parameters = OPENAPI["paths"]["/v1/infer"]["post"]["parameters"]
    names = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    assert names == {*_NUMBERS, *_TEXTS}
    assert all(resolved(parameter["schema"]) for parameter in parameters)


# Answers


async def upload(client: Client, serve: Serve) -> None:
    served = serve(max_upload_bytes=20_000)
    served.puppet.models[ModelKey("text")] = UnusableModel("takes no pictures")
    for status, query, body in (
        (200, "?min_score=0.1&orientation=apply", picture()),
        (400, "", b"no picture"),
        (404, "?model=none", picture()),
        (413, "", picture() + bytes(30_000)),
        (415, "", picture("webp")),
        (422, "?model=text", picture()),
    ):
        await client.ask(served, "POST", f"/v1/infer{query}", status, body=body)
    packed = {"Content-Encoding": "gzip"}
    await client.ask(served, "POST", "/v1/infer", 415, body=b"x", headers=packed)
    for status, error in ((500, ValueError()), (502, ModelFailed("")), (503, DeadlineExceeded())):
        served.puppet.obey = lambda call, error=error: call.fail(error)  # type: ignore[misc]
        await client.ask(served, "POST", "/v1/infer", status, body=picture())
    await client.ask(served, "POST", "/v1/infer", 403, body=picture(), headers=FOREIGN)


async def preflight(client: Client, serve: Serve) -> None:
    served = serve()
    for path in ("/v1/infer", "/v1/models", "/v1/login"):
        await client.ask(served, "OPTIONS", path, 204)
        await client.ask(served, "OPTIONS", path, 403, headers=FOREIGN)


async def list_models(client: Client, serve: Serve) -> None:
    served = serve()
    served.puppet.models[ModelKey("text")] = UnusableModel("takes no pictures")
    session = await SocketClient.open(served, model="text")
    for method in ("GET", "HEAD"):
        await client.ask(served, method, "/v1/models", 200)
        await client.ask(served, method, "/v1/models", 403, headers=FOREIGN)
    session.socket.close()
    await session.closed()


async def handshake(client: Client, serve: Serve) -> None:
    served = serve(max_sessions=1)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    await client.ask(served, "GET", "/ws", 426)
    await client.ask(served, "GET", "/ws", 403, headers={**upgrade, **FOREIGN})
    await client.ask(served, "GET", "/ws", 400, headers=upgrade)
    session = await SocketClient.open(served)
    client.seen.add(("get", "/ws", "101"))
    await client.ask(served, "GET", "/ws", 503)
    session.socket.close()
    await session.closed()


async def without_token(client: Client, serve: Serve, keys: str) -> None:
    served = serve(token_keys=keys)
    await client.ask(served, "POST", "/v1/infer", 401, body=picture())
    for method in ("GET", "HEAD"):
        await client.ask(served, method, "/v1/models", 401)
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    await client.ask(
        served,
        "GET",
        "/ws",
        401,
        headers={**upgrade, "Authorization": f"Bearer {signed(secret())}"},
    )


async def log_in(client: Client, serve: Serve, keys: str) -> None:
    standin = WeChatStandIn()
    served = serve(
        token_keys=keys, wechat_appid=APPID, wechat_secret=SECRET, wechat_url=standin.url
    )

    async def post(status: int, code: str = "code-of-ann", **headers: str) -> None:
        body = json.dumps({"code": code})
        await client.ask(served, "POST", "/v1/login", status, body=body, headers=headers)

    await post(200)
    await post(400, "not a code!")
    await post(401)
    await post(403, **FOREIGN)
    await post(415, **{"Content-Encoding": "gzip"})
    for number, status in ((40226, 403), (45011, 429), (40013, 502), (-1, 503)):
        standin.says = {"errcode": number, "errmsg": ""}
        await post(status)
    await client.ask(serve(), "POST", "/v1/login", 404, body="{}")
    await standin.stop()


async def health(client: Client, serve: Serve) -> None:
    served = serve()
    await served.gateway.became_ready()
    for method in ("GET", "HEAD"):
        await client.ask(served, method, "/metrics", 200)
        await client.ask(served, method, "/healthz", 200)
        await client.ask(served, method, "/readyz", 200)
    served.puppet.go_away()
    for method in ("GET", "HEAD"):
        await client.ask(served, method, "/readyz", 503)
    served.puppet.come_back()


async def pages(client: Client, serve: Serve) -> None:
    served = serve()
    for method in ("GET", "HEAD"):
        await client.ask(served, method, "/docs", 302)
        for page in ("/", "/docs/", "/static/favicon.svg", "/docs/openapi.json"):
            await client.ask(served, method, page, 200, headers={"Accept-Encoding": "gzip"})
            whole = await client.ask(served, method, page, 200)
            known = {"If-None-Match": whole.headers["Etag"]}
            await client.ask(served, method, page, 304, headers=known)
        for file in ("/static/favicon.svg", "/docs/openapi.json"):
            await client.ask(served, method, file, 206, headers={"Range": "bytes=0-3"})
            await client.ask(served, method, file, 416, headers={"Range": "bytes=9999999-"})
        await client.ask(served, method, "/static/page", 403)
        await client.ask(served, method, "/static/framewire.js", 302)
        loaded = await client.ask(served, "GET", "/", 200)
        file = re.findall(r'"(static/\w+/page/app.js)"', loaded.body.decode())[0]
        await client.ask(served, method, f"/{file}", 200)
        await client.ask(served, method, "/static/none", 404)
        await client.ask(served, method, "/docs/none", 404)
    browser = {"Accept": "text/html"}
    await client.ask(served, "GET", "/docs/none", 404, headers=browser)


async def too_many(client: Client, serve: Serve) -> None:
    served = serve(max_requests_per_s=0.01, trusted_proxies="127.0.0.1")
    away = {"X-Forwarded-For": "8.8.8.8"}
    await client.ask(served, "GET", "/healthz", 200, headers=away)
    for method, path in operations():
        if path != "/ws":
            address = re.sub(r"\{\w+\}", "openapi.json", path)
            await client.ask(served, method.upper(), address, 503, headers=away)


async def test_every_documented_answer_occurs_and_no_other(serve: Serve, tmp_path: Path) -> None:
    client, keys = Client(), write(tmp_path / "keys.json", secret())
    for part in (preflight, list_models, handshake, health, pages, too_many):
        await part(client, serve)
    await without_token(client, serve, keys)
    await log_in(client, serve, keys)
    await upload(client, serve)
    assert client.seen == documented_answers()
    assert client.headers == set(documented_headers())


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json", "schemas.json"])
async def test_the_documents_are_served(served: Served, name: str) -> None:
    response = await Client().ask(served, "GET", f"/docs/{name}", 200)
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.body)
