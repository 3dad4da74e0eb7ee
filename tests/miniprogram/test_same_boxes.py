"""The page in the browser and the mini-program show the same boxes for the same frame."""

from __future__ import annotations

import pytest

from demomodel.scenes import render
from loadtest.stack import Stack
from tests.e2e.browsing import answer, file, in_state, until_fits, with_source
from tests.e2e.conftest import Launch
from tests.e2e.film import fits, jpeg, overlap
from tests.miniprogram.conftest import NewPhone
from tests.miniprogram.handset import live

SEEDS = (2, 34)
SAME_PLACE = 0.75
SAME_SCORE = 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_both_show_the_same_boxes(
    stack: Stack, new_phone: NewPhone, launch: Launch, seed: int
) -> None:
    """Each downscales and encodes the frame on its own."""
    scene = render(seed, (480, 640))
    page = launch(None).new_page(locale="en-GB")
    page.goto(stack.url)
    in_state(page, "ready")
    page.set_input_files("#picture-file", file("scene.jpg", "image/jpeg", jpeg(scene)))
    with_source(page, "picture")
    until_fits(page, scene)
    in_browser = answer(page)
    page.close()
    phone = new_phone(stack)
    live(phone, scene.picture)
    seen = phone.until(lambda seen: fits(seen["answer"], scene), "the right digits")
    on_phone = seen["answer"]
    assert in_browser is not None
    columns = (in_browser[name] for name in ("boxes", "scores", "classes"))
    for box, score, index in zip(*columns, strict=True):
        places = [
            (overlap(box, other), abs(score - on_phone["scores"][i]))
            for i, other in enumerate(on_phone["boxes"])
            if on_phone["classes"][i] == index
        ]
        best, differs = max(places)
        assert best >= SAME_PLACE
        assert differs <= SAME_SCORE
