"""The documented example runs unmodified in another developer's page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from demomodel.scenes import Scene
from loadtest.stack import Stack
from tests.e2e.film import overlap
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import LEAST_OVERLAP, Phone, on_preview

ROOT = Path(__file__).parents[2]
PAGES = ("miniprogram/client/README.md", "docs/miniprogram.md")
TRACKING = "docs/tracking.md"


def example(path: str) -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    [block] = [
        block for block in re.findall(r"```js\n(.*?)```", text, re.DOTALL) if "Page(" in block
    ]
    return str(block)


def test_both_documents_show_the_same_example() -> None:
    shown, again = (example(path) for path in PAGES)
    assert shown == again


@pytest.mark.parametrize("path", [*PAGES, TRACKING])
def test_an_example_has_at_most_20_lines(path: str) -> None:
    assert len(example(path).splitlines()) <= 20


def open_example(phone: Phone, path: str, stack: Stack, scene: Scene) -> None:
    """Open a document's page with its camera pointed at a scene."""
    address = stack.url.replace("http", "ws") + "ws"
    phone.point(scene.picture)
    phone.tell("foreign", source=example(path).replace("wss://vision.example.org/ws", address))
    phone.tell("call", method="cameraReady")


def on_digits(marks: list[dict[str, Any]], scene: Scene) -> bool:
    """Whether each digit of the scene has a mark."""
    boxes = [(m["x"], m["y"], m["x"] + m["width"], m["y"] + m["height"]) for m in marks]
    places = [place for _, place in on_preview(scene)]
    return bool(boxes) and all(
        any(overlap(box, place) >= LEAST_OVERLAP for box in boxes) for place in places
    )


def test_the_example_finds_digits(stack: Stack, new_phone: NewPhone, scene: Scene) -> None:
    phone = new_phone(stack)
    open_example(phone, PAGES[0], stack, scene)

    def marked(seen: dict[str, Any]) -> bool:
        return on_digits(seen["data"].get("marks", []), scene)

    phone.until(marked, "marked digits")
    phone.tell("hide")
    phone.until(lambda seen: seen["sockets"] == 0, "without a socket")
    phone.tell("show")
    phone.until(lambda seen: seen["stats"]["state"] == "ready", "ready")
    phone.tell("call", method="onUnload")  # a page that is left for good is never hidden
    phone.until(lambda seen: seen["sockets"] == 0, "without a socket")


def test_the_sticky_labels_are_on_their_digits(
    stack: Stack, new_phone: NewPhone, scene: Scene
) -> None:
    phone = new_phone(stack)
    open_example(phone, TRACKING, stack, scene)

    def labelled(seen: dict[str, Any]) -> bool:
        return on_digits(seen["data"].get("labels", []), scene)

    seen = phone.until(labelled, "labelled digits")
    ids = [label["id"] for label in seen["data"]["labels"]]
    assert len(set(ids)) == len(ids)
    phone.tell("blind")
    phone.tell("hide")
    phone.until(lambda seen: seen["sockets"] == 0, "without a socket")
    phone.tell("show")
    phone.until(lambda seen: seen["stats"]["state"] == "ready", "ready")
    phone.until(lambda seen: not seen["data"]["labels"], "without the last session's labels")


@pytest.mark.parametrize("path", PAGES)
def test_links_resolve(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("https://"):
            assert ((ROOT / path).parent / target).exists(), target
