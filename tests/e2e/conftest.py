"""A browser, the page in it, and the servers behind the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page

from loadtest.stack import Stack
from tests.e2e import moving_film
from tests.e2e.browsers import Browsers
from tests.e2e.browsing import pictured
from tests.e2e.film import scenes, write_film

SEEDS = (72, 36, 40)
"""Of scenes that the demo model reads without a mistake."""


DISPLAY = """
const { requestAnimationFrame, cancelAnimationFrame } = window;
const due = new Map();
window.requestAnimationFrame = (draw) => {
  const request = () => due.set(id, requestAnimationFrame((at) => (due.delete(id), draw(at))));
  const id = setTimeout(request, 90);
  return id;
};
window.cancelAnimationFrame = (id) => {
  clearTimeout(id);
  if (due.has(id)) cancelAnimationFrame(due.get(id));
  due.delete(id);
};
"""
"""A display of ten pictures a second: drawing sixty takes longer than all else that a page does."""

Launch = Callable[[Path | None], Browser]


class Open(Protocol):
    """Opens the page in a fresh browser context; see :func:`open_page`."""

    def __call__(self, **options: Any) -> AbstractContextManager[Page]: ...


@pytest.fixture
def stack(demo_stack: Stack) -> Stack:
    """The model server and the gateway, ready; a test may end one of them."""
    return demo_stack


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scenes of SEEDS, for the camera."""
    return write_film(tmp_path_factory.mktemp("film") / "scenes.mjpeg", scenes(SEEDS))


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of digits that swing, whose truth is known, for the camera."""
    return moving_film.write(tmp_path_factory.mktemp("moving") / "moving.mjpeg")


@pytest.fixture(scope="session")
def browsers(chromium: str) -> Iterator[Browsers]:
    """The worker's browsers."""
    started = Browsers(chromium)
    yield started
    started.close()


@pytest.fixture
def launch(browsers: Browsers) -> Iterator[Launch]:
    """Returns a browser whose cameras show a film or, with None, a pattern."""
    with browsers.in_use():
        yield browsers.launch


@pytest.fixture
def open_page(launch: Launch, stack: Stack) -> Open:
    """Opens the page: ``with open_page(camera=film, locale="zh-CN") as page``.

    ``camera``: an mjpeg file that the cameras show; ``allowed``: they show a pattern. Without
    either the user refuses them. ``query`` is put behind the address, ``script`` runs before the
    page's own. The rest goes to the browser's context.
    Afterwards the page must not have failed: no uncaught error, and nothing that its
    content policy forbade.
    """

    @contextmanager
    def open_it(
        camera: Path | None = None,
        allowed: bool = False,
        query: str = "",
        script: str = "",
        **context: Any,
    ) -> Iterator[Page]:
        options = {"locale": "en-GB", "viewport": {"width": 1000, "height": 700}, **context}
        if camera or allowed:
            options["permissions"] = ["camera"]
        opened = launch(camera).new_context(**options)
        try:
            page = opened.new_page()
            failures: list[str] = []
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.on("console", lambda said: note(said.type, said.text, failures))
            page.add_init_script(f"{{{DISPLAY}}} {script}")
            with pictured(page):
                page.goto(stack.url + query)
                yield page
                assert not failures
        finally:
            opened.close()

    return open_it


def note(kind: str, text: str, failures: list[str]) -> None:
    """Keep the console's errors, except those about servers that a test has killed or filled.

    After a failed handshake the page asks again without one, to see the status. A server that is
    back by then answers 426.
    """
    expected = ("WebSocket connection", "status of 503", "status of 426", "net::ERR_")
    if kind == "error" and not any(words in text for words in expected):
        failures.append(text)
