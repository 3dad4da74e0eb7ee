"""Browsers that the page tests of a worker share, and that cannot outlast a test's time."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LONGEST_S = 120.0
"""Of one test: shorter than the limit for any test, which cannot interrupt Playwright."""


class Browsers:
    """Chromium with two cameras, started once for each film that they show.

    Playwright's event loop counts as running from its start to its end, so that no test could run
    another one. It counts as running only within :meth:`in_use` here.
    """

    def __init__(self, chromium: str) -> None:
        self._chromium = chromium
        self._playwright = sync_playwright().start()
        self._loop = asyncio.get_running_loop()
        self._started: dict[Path | None, tuple[Browser, int]] = {}

    @contextlib.contextmanager
    def in_use(self, longest_s: float = LONGEST_S) -> Iterator[None]:
        """Let one test use the browsers. Kill them after ``longest_s``.

        Much of Playwright waits without a limit, for example ``evaluate`` and the keyboard. With
        the browser dead, it raises an error.
        """
        asyncio._set_running_loop(self._loop)
        timer = threading.Timer(longest_s, self.kill)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            asyncio._set_running_loop(None)

    def launch(self, film: Path | None = None) -> Browser:
        """Return a browser whose cameras show a film, or a pattern."""
        if film not in self._started or not self._started[film][0].is_connected():
            self._started[film] = self._launch(film)
        return self._started[film][0]

    def pid(self, film: Path | None = None) -> int:
        """Return the process id of a browser that was started."""
        return self._started[film][1]

    def kill(self) -> None:
        """Kill all browsers."""
        for _, pid in list(self._started.values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End all browsers and Playwright."""
        with self.in_use():
            for browser, _ in self._started.values():
                browser.close()
            self._playwright.stop()

    def _launch(self, film: Path | None) -> tuple[Browser, int]:
        """Start a browser. Returns its process id, too."""
        flags = [*FLAGS, "--use-fake-device-for-media-stream=device-count=2"]
        if film:
            flags.append(f"--use-file-for-fake-video-capture={film}")
        browser = self._playwright.chromium.launch(executable_path=self._chromium, args=flags)
        session = browser.new_browser_cdp_session()
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        session.detach()
        return browser, next(one["id"] for one in processes if one["type"] == "browser")
