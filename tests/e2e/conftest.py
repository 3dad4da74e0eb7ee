"""A browser, the page in it, and the servers behind the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from loadtest.stack import Stack
from tests.e2e import moving_film
from tests.e2e.film import scenes, write_film

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
SEEDS = (72, 36, 40)
"""Of scenes that the demo model reads without a mistake."""


Launch = Callable[[Path | None, int], Browser]


class Open(Protocol):
    """Opens the page in a fresh browser context; see :func:`open_page`."""

    def __call__(self, **options: Any) -> AbstractContextManager[Page]: ...


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright, for one module: while it runs, so does its event loop, and no other can."""
    with sync_playwright() as started:
        yield started


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


@pytest.fixture
def artifacts() -> Path:
    """Where screenshots are kept."""
    ARTIFACTS.mkdir(exist_ok=True)
    return ARTIFACTS


@pytest.fixture(scope="module")
def launch(playwright: Playwright, chromium: str) -> Iterator[Launch]:
    """Starts a browser with so many cameras, which show a film or a pattern; each but once."""
    browsers: dict[tuple[Path | None, int], Browser] = {}

    def launched(film: Path | None, cameras: int) -> Browser:
        if (film, cameras) not in browsers:
            flags = [*FLAGS, f"--use-fake-device-for-media-stream=device-count={cameras}"]
            if film:
                flags.append(f"--use-file-for-fake-video-capture={film}")
            browser = playwright.chromium.launch(executable_path=chromium, args=flags)
            browsers[film, cameras] = browser
        return browsers[film, cameras]

    yield launched
    for browser in browsers.values():
        browser.close()


@pytest.fixture
def open_page(launch: Launch, stack: Stack) -> Open:
    """Opens the page: ``with open_page(camera=film, locale="zh-CN") as page``.

    ``camera``: an mjpeg file that the camera shows. ``cameras``: how many there are.
    Without either the user refuses the camera. ``query`` is put behind the address,
    ``script`` runs before the page's own. The rest goes to the browser's context.
    Afterwards the page must not have failed: no uncaught error, and nothing that its
    content policy forbade.
    """

    @contextmanager
    def open_it(
        camera: Path | None = None,
        cameras: int = 0,
        query: str = "",
        script: str = "",
        **context: Any,
    ) -> Iterator[Page]:
        options = {"locale": "en-GB", "viewport": {"width": 1000, "height": 700}, **context}
        if camera or cameras:
            options["permissions"] = ["camera"]
        opened = launch(camera, cameras or 1).new_context(**options)
        try:
            page = opened.new_page()
            failures: list[str] = []
            page.on("pageerror", lambda error: failures.append(str(error)))
            page.on("console", lambda said: note(said.type, said.text, failures))
            if script:
                page.add_init_script(script)
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
