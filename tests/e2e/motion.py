"""``python -m tests.e2e.motion``: how well the page's boxes sit when results are late.

The camera plays a film whose truth is known, and the network between page and gateway gets slower
by 100, 200 and 400 ms. Every 50 ms the boxes on the stage are compared with where the digits are in
the picture under them: with live boxes, with exact ones, and on the running preview as if boxes
stayed where they were captured. Exits with 1 if live boxes sit worse than they should.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from loadtest.stack import ROOT, Process, Stack, free_port
from tests.e2e import moving_film
from tests.e2e.browsers import FLAGS
from tests.e2e.browsing import in_state, with_source
from tests.e2e.film import overlap

LEAST = {100: 0.8, 200: 0.75, 400: 0.6}
"""The mean overlap that live boxes must reach, by the delay added in ms."""

WATCH = (Path(__file__).parent / "film_watch.js").read_text(encoding="utf-8")
WARM_UP_S = 5.0
START_S = 10.0


@dataclass(frozen=True)
class Fit:
    """How well boxes sit, as mean overlaps (IoU) with the truth of the picture on the stage.

    ``drawn``: the boxes drawn. ``received``: those of the latest result, where they were captured.
    ``behind_ms``: how old the picture is, compared with the camera's, as a median.
    """

    drawn: float
    received: float
    behind_ms: float


def fit(samples: Sequence[dict[str, Any]]) -> Fit:
    """Compare samples of ``film_watch.js`` with the truth."""
    behind = [(sample["camera"] - sample["shown"]) % moving_film.FRAMES for sample in samples]
    return Fit(
        statistics.fmean(_overlap(sample["shown"], sample["drawn"]) for sample in samples),
        statistics.fmean(_overlap(sample["shown"], sample["received"]) for sample in samples),
        statistics.median(behind) * moving_film.FRAME_MS,
    )


def _overlap(frame: int, boxes: Sequence[Sequence[float]]) -> float:
    """Return the mean overlap of each digit's box with the drawn one that fits best."""
    return statistics.fmean(
        max((overlap(box, other) for other in boxes), default=0.0)
        for box in moving_film.truth(frame)
    )


def samples(page: Page, seconds: float) -> list[dict[str, Any]]:
    """Watch the stage for so long."""
    page.evaluate("filmWatch.take()")
    page.wait_for_timeout(1000 * seconds)
    taken: list[dict[str, Any]] = page.evaluate("filmWatch.take()")
    return taken


def launch(playwright: Any, film: Path) -> Browser:
    """Start a browser whose camera plays a film."""
    camera = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    browser: Browser = playwright.chromium.launch(
        executable_path=shutil.which("chromium"), args=[*FLAGS, *camera]
    )
    return browser


@contextlib.contextmanager
def page_on_film(browser: Browser, url: str, mode: str, watch: str = WATCH) -> Iterator[Page]:
    """Open the page with its camera on and boxes in ``mode``, ``exact`` or ``live``."""
    context = browser.new_context(
        locale="en-GB", viewport={"width": 1000, "height": 720}, permissions=["camera"]
    )
    try:
        page = context.new_page()
        page.add_init_script(watch)
        page.goto(f"{url}?source=camera")
        with_source(page, "camera")
        in_state(page, "ready")
        page.locator(f"#boxes button[data-boxes={mode}]").click()
        page.wait_for_timeout(1000 * WARM_UP_S)
        yield page
    finally:
        context.close()


@contextlib.contextmanager
def delayed(port: int, round_trip_ms: float) -> Iterator[str]:
    """Put a network of that latency in front of a port. Yields its address."""
    near = free_port()
    relay = Process("loadtest.relay", str(near), str(port), str(round_trip_ms))
    relay.start()
    try:
        deadline = time.monotonic() + START_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", near), 1):
                break
            if time.monotonic() > deadline:
                raise TimeoutError("the relay did not start")
            time.sleep(0.05)
        yield f"http://127.0.0.1:{near}/"
    finally:
        relay.kill()


def run(models: Path, delays_ms: Sequence[int], seconds: float) -> bool:
    """Measure and print a table. Returns whether live boxes sit as well as they should."""
    print("| added delay | live | exact | not carried | picture late, live | exact |")
    print("|---|---|---|---|---|---|")
    holds = True
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        film = moving_film.write(folder / "moving.mjpeg")
        servers = stack.enter_context(Stack(models))
        browser = launch(stack.enter_context(sync_playwright()), film)
        stack.callback(browser.close)
        for delay_ms in delays_ms:
            fits = {}
            for mode in ("live", "exact"):
                with (
                    delayed(servers.port, delay_ms) as url,
                    page_on_film(browser, url, mode) as page,
                ):
                    fits[mode] = fit(samples(page, seconds))
            live, exact = fits["live"], fits["exact"]
            print(
                f"| {delay_ms} ms | {live.drawn:.2f} | {exact.drawn:.2f} | {live.received:.2f} "
                f"| {live.behind_ms:.0f} ms | {exact.behind_ms:.0f} ms |",
                flush=True,
            )
            holds = holds and live.drawn >= LEAST.get(delay_ms, 0)
    return holds


def main(arguments: Sequence[str]) -> int:
    """Run the command. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.e2e.motion",
        description="Measure how well the page's boxes sit when results are late.",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=ROOT / "models",
        metavar="FOLDER",
        help="folder that holds the demo model, digits (default: models)",
    )
    parser.add_argument(
        "--delays",
        type=int,
        nargs="+",
        default=list(LEAST),
        metavar="MS",
        help="round trips added between page and gateway (default: 100 200 400)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=24.0,
        metavar="N",
        help="duration of each measurement; the film has 12 (default: %(default)g)",
    )
    options = parser.parse_args(arguments)
    return 0 if run(options.models, options.delays, options.seconds) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
