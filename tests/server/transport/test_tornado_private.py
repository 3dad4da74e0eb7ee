"""Tornado's private names: all that the gateway uses, where, and that they are what they were.

When a test of this file fails, this release of Tornado differs from those that were tried:
adapt ``server/transport/tornado_private.py``, then move the range in setup.cfg.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tornado
from tornado import http1connection, util
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, WebSocketProtocol13

from server.transport.rfc6455 import header
from server.transport.tornado_private import (
    TornadoWebSocket,
    accept_chunk_extensions,
    bound_heads,
    unmask,
)
from tests.server.raw_peer import RawPeer

SERVER = Path(__file__).resolve().parents[3] / "server"
HOME = SERVER / "transport" / "tornado_private.py"

PARAMETERS = {
    "_run_callback": ["self", "callback", "args", "kwargs"],
    "_handle_message": ["self", "opcode", "data"],
    "_abort": ["self"],
    "_receive_frame_loop": ["self"],
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_private_method_takes_what_it_took(name: str) -> None:
    method = getattr(WebSocketProtocol13, name, None)
    assert method is not None, f"Tornado {tornado.version} has no WebSocketProtocol13.{name}"
    found = list(inspect.signature(method).parameters)
    assert found == PARAMETERS[name], f"Tornado {tornado.version}: {name} takes other parameters"


def test_the_mask_is_applied_as_before() -> None:
    assert hasattr(util, "_websocket_mask"), f"Tornado {tornado.version} has no _websocket_mask"
    assert unmask(b"\x01\x02\x03\x04", b"\x01\x02\x03\x04\x05") == b"\0\0\0\0\x04"
    assert unmask(b"\x01\x02\x03\x04", b"") == b""
    masked = np.frombuffer(bytearray(b"\x01\x02\x03\x04\x05"), np.uint8)
    assert unmask(b"\x01\x02\x03\x04", masked) == b"\0\0\0\0\x04"
    assert unmask(b"\x01\x02\x03\x04", masked[:0]) == b""


def test_a_head_is_parsed_where_it_was() -> None:
    source = inspect.getsource(http1connection)
    call = "self._parse_headers(header_data)"
    assert call in source, f"Tornado {tornado.version} parses the head of a request differently"
    bound_heads()
    bound_heads()  # once more makes no difference
    parse = HTTP1Connection._parse_headers
    assert len(inspect.signature(parse).parameters) == 2


def test_a_chunks_size_is_parsed_where_it_was() -> None:
    source = inspect.getsource(http1connection)  # that of a class is parsed to find it
    call = "parse_hex_int(native_str(chunk_len_str[:-2]))"
    assert call in source, f"Tornado {tornado.version} parses the size of a chunk differently"
    accept_chunk_extensions()
    accept_chunk_extensions()  # once more makes no difference
    assert http1connection.parse_hex_int("1F;name=value") == 31


async def test_receiving_and_writing_are_ours_aborting_is_tornados() -> None:
    """Through a real handshake: Tornado runs our loop, and its methods do what they did."""
    seen: list[str] = []

    class Protocol(TornadoWebSocket):
        async def receive_messages(self) -> None:
            seen.append("receive_messages")
            self.run_callback(self.handler.on_message, "called")
            await self.stream.write(header(0x2, 7) + b"written")
            self.handle_control(0x9, b"pinged")
            self.run_callback(self.handler.on_message, None)
            seen.append(f"aborted: {self.client_terminated} {self.server_terminated}")

    class Handler(WebSocketHandler):
        def get_websocket_protocol(self) -> Protocol:
            made = super().get_websocket_protocol()
            assert isinstance(made, WebSocketProtocol13)
            return Protocol(self, made.mask_outgoing, made.params)

        def on_message(self, message: str | bytes | None) -> None:
            assert message is not None
            seen.append(str(message))

        def log_exception(self, *error: object) -> None:
            seen.append("logged")

    server = HTTPServer(Application([("/ws", Handler)]))
    socket, port = bind_unused_port()
    server.add_socket(socket)
    peer = await RawPeer.connect(port)
    assert await peer.read() == (0x2, b"written")
    assert await peer.read() == (0xA, b"pinged")
    assert await peer.ended()
    assert seen == ["receive_messages", "called", "logged", "aborted: True True"]
    peer.leave()
    server.stop()


# Nobody else uses them


def private_names_of_tornado() -> set[str]:
    """Every private name that is imported, defined or used in Tornado."""
    [folder] = tornado.__path__
    sources = [path.read_text(encoding="utf-8") for path in Path(folder).glob("*.py")]
    return {name for source in sources for name in re.findall(r"\b_[a-zA-Z]\w*", source)}


def private_names(path: Path) -> Iterator[tuple[str, str]]:
    """The private names that a file imports from Tornado, or uses and does not define."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined, used = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tornado"):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            defined.add(node.target.id)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
    for name in used - defined:
        if re.match("_[a-zA-Z]", name):
            yield path.name, name


def test_one_module_uses_them() -> None:
    theirs = private_names_of_tornado()
    paths = [path for path in SERVER.rglob("*.py") if "tornado" in path.read_text("utf-8")]
    found = {pair for path in paths for pair in private_names(path) if pair[1] in theirs}
    expected = {*PARAMETERS, "_websocket_mask"} - {"_receive_frame_loop"}  # which it defines
    assert found == {(HOME.name, name) for name in expected}


def test_no_handler_overrides_a_private_method_of_tornado() -> None:
    """By accident, with a method of its own."""
    from server.admin import handlers as admin
    from server.handlers import health, infer, login, pages, websocket
    from server.transport import jsonapi
    from server.transport import websocket as protocol

    theirs = private_names_of_tornado()
    for module in (admin, health, infer, login, pages, websocket, jsonapi, protocol):
        for own in vars(module).values():
            if isinstance(own, type) and own.__module__ == module.__name__:
                methods = {name for name, value in vars(own).items() if inspect.isfunction(value)}
                inherited = {name for base in own.__mro__[1:] for name in vars(base)} & theirs
                assert not {name for name in methods & inherited if re.match("_[a-z]", name)}, own
