"""A stand-in for WeChat's login, over real HTTP, with responses that a test chooses."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

APPID = "wx0123456789abcdef"
SECRET = "5ecret-of-the-appid"
SESSION_KEY = "tiihtNczf5v6AKRyjwEUhQ=="


class WeChatStandIn:
    """Knows the codes of ``users``; ``says`` replaces its answer.

    ``asked``: what it was asked, in order. ``answers``: while unset, it keeps silent.
    """

    def __init__(self) -> None:
        self.users = {"code-of-ann": "oAnn", "second-code-of-ann": "oAnn", "code-of-bob": "oBob"}
        self.says: Any = None
        self.status = 200
        self.asked: list[dict[str, str]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.headers: dict[str, str] = {}
        application = Application(
            [(r"/sns/jscode2session", _Handler, {"standin": self})],
            log_function=lambda handler: None,
        )
        self._server = HTTPServer(application)
        socket, port = bind_unused_port()
        self._server.add_socket(socket)
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Answer nobody any more."""
        self.answers.set()
        self._server.stop()
        await self._server.close_all_connections()

    def answer(self, question: dict[str, str]) -> Any:
        """As WeChat does it: errors come with status 200 too."""
        if self.says is not None:
            return self.says
        if question.get("appid") != APPID or question.get("secret") != SECRET:
            return {"errcode": 40125, "errmsg": f"invalid appsecret {question.get('secret')}"}
        openid = self.users.pop(question["js_code"], None)
        if openid is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        return {"openid": openid, "session_key": SESSION_KEY}


class _Handler(RequestHandler):
    def initialize(self, standin: WeChatStandIn) -> None:
        self._standin = standin

    async def get(self) -> None:
        question = {name: self.get_argument(name) for name in self.request.arguments}
        self._standin.asked.append(question)
        await self._standin.answers.wait()
        answer = self._standin.answer(question)
        self.set_status(self._standin.status)
        # WeChat sends JSON as text/plain.
        self.set_header("Content-Type", "text/plain")
        for name, value in self._standin.headers.items():
            self.set_header(name, value)
        self.finish(answer if isinstance(answer, bytes | str) else json.dumps(answer))
