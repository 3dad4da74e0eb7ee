"""``python -m tests.e2e.gateway_restarts``: how long the page has no results when its gateway ends.

Two gateways stand behind nginx, and the page plays its scene through it. Again and again, the
gateway that has the page's session gets SIGTERM, stays away for three seconds, and returns. Prints
the longest time between two results after each, and exits with 1 if one is longer than
``LONGEST_S``.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from loadtest import accounts
from loadtest.proxy import Proxy
from loadtest.stack import SecondGateway, Stack
from tests.e2e.browsers import FLAGS
from tests.e2e.browsing import in_state, until_boxes

LONGEST_S = 1.5
PAUSE_MS = 600
CALM_MS = 6000  # a session of five seconds counts as proven, and its client comes back sooner
AWAY_MS = 3000

WATCH = """() => {
  window.watch = { results: 0, at: performance.now(), longest: 0 };
  setInterval(() => {
    const [now, { results }] = [performance.now(), framewire.stats()];
    if (results === watch.results) return;
    watch.longest = Math.max(watch.longest, now - watch.at);
    watch.results = results;
    watch.at = now;
  }, 5);
}"""


def main() -> int:
    """Print the breaks; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.gateway_restarts")
    parser.add_argument("--times", type=int, default=10, help="how many restarts")
    times = parser.parse_args().times
    flags = ("--log-level=warning", f"--reconnect-after-ms={PAUSE_MS}")
    with (
        tempfile.TemporaryDirectory() as folder,
        Stack(gateway_flags=flags[1:]) as first,
        SecondGateway(first, *flags) as second,
        Proxy(Path(folder), [first.port, second.port]) as proxy,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{proxy.port}/")
        in_state(page, "ready")
        until_boxes(page)
        page.evaluate(WATCH)
        breaks = [_restart(page, (first, second)) for _ in range(times)]
        browser.close()
    print(f"longest of {times}: {max(breaks):.2f} s")
    return int(max(breaks) > LONGEST_S)


def _restart(page: Page, gateways: tuple[Stack, Stack]) -> float:
    """Restart the gateway that serves the page; return the longest break in seconds."""
    page.wait_for_timeout(CALM_MS)
    [serving] = [gateway for gateway in gateways if _sessions(gateway) > 0]
    page.evaluate("watch.longest = 0")
    serving.gateway.terminate()
    page.wait_for_timeout(AWAY_MS)
    longest: float = page.evaluate("Math.max(watch.longest, performance.now() - watch.at)") / 1000
    print(f"{longest:.2f} s without a result", flush=True)
    serving.start()
    return longest


def _sessions(gateway: Stack) -> float:
    return accounts.metrics(gateway.get)["framewire_sessions"]


if __name__ == "__main__":
    sys.exit(main())
