"""What a user sees and does on the page, for tests."""

from __future__ import annotations

import base64
import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, expect

from demomodel.scenes import Scene
from tests.e2e.film import fits

PATIENCE_S = 30.0
expect.set_options(timeout=1000 * PATIENCE_S)  # a busy machine is slow to draw
ARTIFACTS = Path(__file__).resolve().parents[1] / "artifacts"
WITHOUT_ELEMENT = "static/digits.html"
"""A page of the gateway's that knows nothing of the element."""

EMBED = """async () => {
  await import('/static/element/framewire-camera.js');
  document.body.innerHTML = '<framewire-camera min-score="0.4" aria-label="Digits"><p>off</p>';
  window.camera = document.querySelector('framewire-camera');
  window.seen = { results: 0, states: [], problems: [] };
  camera.addEventListener('result', ({ detail: { result } }) => {
    seen.results += 1;
    seen.last = result;
  });
  camera.addEventListener('statechange', ({ detail }) => seen.states.push(detail.state.name));
  camera.addEventListener('problem', ({ detail }) => seen.problems.push(detail.code));
}"""


@contextlib.contextmanager
def pictured(page: Page) -> Iterator[None]:
    """Keep a picture of the page if the test fails, in ``tests/artifacts``."""
    try:
        yield
    except Exception:
        name = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].partition(" ")[0]
        with contextlib.suppress(Error):
            page.screenshot(path=ARTIFACTS / f"{name}.png", timeout=5000)
        raise


def in_state(page: Page, state: str) -> None:
    page.wait_for_selector(f"html[data-state={state}]", timeout=1000 * PATIENCE_S)


def with_source(page: Page, source: str) -> None:
    page.wait_for_selector(f"html[data-source={source}]", timeout=1000 * PATIENCE_S)


def with_problem(page: Page, problem: str) -> None:
    page.wait_for_selector(f"html[data-problem={problem}]", timeout=1000 * PATIENCE_S)
    expect(page.locator("#problem-text")).not_to_be_empty()


def answer(page: Page) -> dict[str, Any] | None:
    """The result that the page shows."""
    shown: dict[str, Any] | None = page.evaluate(
        """() => {
          const shown = framewire.lastResult();
          return shown && { id: shown.id, boxes: shown.boxes, classes: shown.classes,
                            scores: shown.scores, frame: shown.frame };
        }"""
    )
    return shown


def stats(page: Page) -> dict[str, Any]:
    counts: dict[str, Any] = page.evaluate("framewire.stats()")
    return counts


def until(page: Page, holds: Callable[[], bool], what: str) -> None:
    """Look until something holds; the page's results come and go by themselves."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"never {what}; shown last: {answer(page)}"
        page.wait_for_timeout(20)


def until_boxes(page: Page) -> None:
    until(page, lambda: bool((answer(page) or {}).get("boxes")), "any boxes")


def until_fits(page: Page, scene: Scene) -> None:
    """Until what the page shows is the scene's digits, each in its place."""
    until(page, lambda: fits(answer(page), scene), f"the digits {scene.labels}")


def set_score(page: Page, percent: int) -> None:
    page.locator("#score").fill(str(percent))


def file(name: str, kind: str, content: bytes) -> Any:
    return {"name": name, "mimeType": kind, "buffer": content}


def drop(page: Page, name: str, kind: str, content: bytes) -> None:
    """Drop a file on the page."""
    _hand_over(page, name, kind, content, "new DragEvent('drop', { dataTransfer, bubbles: true })")


def paste(page: Page, name: str, kind: str, content: bytes) -> None:
    """Paste a file from the clipboard."""
    event = "new ClipboardEvent('paste', { clipboardData: dataTransfer, bubbles: true })"
    _hand_over(page, name, kind, content, event)


def _hand_over(page: Page, name: str, kind: str, content: bytes, event: str) -> None:
    page.evaluate(
        f"""([name, type, text]) => {{
          const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], name, {{ type }}));
          document.body.dispatchEvent({event});
        }}""",
        [name, kind, base64.b64encode(content).decode()],
    )


def embed(page: Page) -> None:
    """Put the element into a page that knows nothing of it, under the gateway's content policy."""
    page.evaluate(EMBED)


def track(page: Page) -> str | None:
    """The id of the camera whose pictures run on the page."""
    device: str | None = page.evaluate(
        """() => {
          const stream = document.querySelector('video')?.srcObject;
          return stream && stream.getVideoTracks()[0].getSettings().deviceId;
        }"""
    )
    return device
