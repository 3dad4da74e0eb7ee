"""The page with exported models of further tasks: switched by hand, drawn, and remembered."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from loadtest.stack import Stack
from tests.conftest import models_config
from tests.e2e.browsing import in_state, until
from tests.e2e.conftest import Open
from tests.forked import ForkedStack

TASKS = ("pose", "masks", "depth", "vector", "yolo")
DARK = (0.1, 0.5)
CENTER = (0.5, 0.5)
LOWER, UPPER = (0.35, 0.65), (0.65, 0.35)
"""Places in the picture: outside its box, and within; the YOLO's mask is the lower left half."""


@pytest.fixture(scope="module")
def released(exported_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration file that the gateway reads, in which one model is still missing."""
    path = tmp_path_factory.mktemp("released") / "models.config"
    path.write_text(models_config(exported_sources, [name for name in TASKS if name != "vector"]))
    return path


@pytest.fixture(scope="module")
def served(exported_sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration file that the model server reads again and again."""
    path = tmp_path_factory.mktemp("tasks") / "models.config"
    path.write_text(models_config(exported_sources, TASKS))
    return path


@pytest.fixture(scope="module")
def stack(released: Path, served: Path) -> Iterator[Stack]:
    with ForkedStack(
        gateway_flags=(
            "--model=pose",
            f"--model-config={released}",
            "--max-staleness-ms=20000",
        ),
        model_flags=(
            f"--model_config_file={served}",
            "--model_config_file_poll_wait_seconds=1",
        ),
    ) as running:
        yield running


def show_box(page: Page) -> None:
    """Show a picture of a white box on black."""
    drawn, buffer = Image.new("RGB", (256, 256)), io.BytesIO()
    ImageDraw.Draw(drawn).rectangle((64, 64, 191, 191), fill="white")
    drawn.save(buffer, "PNG")
    file = {"name": "box.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    page.set_input_files("#picture-file", [file])


def pixel(page: Page, place: tuple[float, float]) -> tuple[int, int, int]:
    """The color on the stage at a place of the picture, which is as high as the stage."""
    red, green, blue = page.evaluate(
        """([x, y]) => {
          const stage = document.getElementById('canvas');
          const left = (stage.width - stage.height) / 2;
          const at = [left + x * stage.height, y * stage.height].map(Math.round);
          return [...stage.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);
        }""",
        place,
    )
    return red, green, blue


def is_colored(page: Page, place: tuple[float, float]) -> bool:
    color = pixel(page, place)
    return max(color) - min(color) > 30


def choose(page: Page, model: str) -> None:
    listed = page.locator("#models option", has_text=model)
    page.locator("#models").select_option(value=listed.get_attribute("value"))


def is_listed(page: Page, model: str) -> bool:
    """Reach for the menu, and see whether it has the model."""
    return f"{model} ·" in listed(page)


def listed(page: Page) -> str:
    """Reach for the menu, and read it."""
    page.locator("#full").hover()
    page.locator("#models").hover()
    return "\n".join(page.locator("#models option").all_inner_texts())


def label(served: Path, models: Path, *names: str) -> None:
    """Let ``stable`` lead to version 1 of these models, and to none of the others."""
    rows = models_config(models, TASKS)
    for name in names:
        row = f'name: "{name}"'
        rows = rows.replace(row, f'{row} version_labels {{ key: "stable" value: 1 }}')
    served.write_text(rows)


def test_each_task_is_drawn_and_the_model_is_chosen_on_the_page(
    open_page: Open, exported_sources: Path, released: Path
) -> None:
    with open_page() as page:
        in_state(page, "ready")
        show_box(page)
        result, opacity = page.locator("#result"), page.locator("#opacity-option")
        expect(result).to_contain_text("Pose 1 90 %")
        until(page, lambda: is_colored(page, CENTER), "a skeleton across the box")
        assert not is_colored(page, DARK)
        expect(opacity).to_be_hidden()

        choose(page, "masks")
        expect(result).to_contain_text("black 75 %")
        until(page, lambda: is_colored(page, DARK), "a mask")
        expect(opacity).to_be_visible()
        page.locator("#opacity").press("Home")
        assert not is_colored(page, DARK)
        page.locator("#opacity").press("End")

        choose(page, "depth")
        expect(page.get_by_role("img", name="Color scale from 0 m to 3 m")).to_be_visible()
        until(page, lambda: is_colored(page, CENTER), "a heat map")

        choose(page, "yolo")
        expect(result).to_contain_text("white 90 %")
        until(page, lambda: is_colored(page, LOWER), "a mask in the box")
        assert not is_colored(page, UPPER)
        expect(opacity).to_be_visible()
        page.locator("#opacity").press("Home")
        assert not is_colored(page, LOWER)
        page.locator("#opacity").press("End")

        assert not is_listed(page, "vector")
        released.write_text(models_config(exported_sources, TASKS))
        until(page, lambda: is_listed(page, "vector"), "the model in the menu once it is released")
        choose(page, "vector")
        expect(page.locator("#embedding-rows")).to_contain_text("Norm1.000")
        assert page.url.endswith("?model=vector")
        page.reload()
        in_state(page, "ready")
        expect(page.locator("#models option:checked")).to_have_text("vector · embedding")


def test_a_model_is_listed_once_when_it_gets_its_first_label_and_when_it_loses_it(
    open_page: Open, exported_sources: Path, served: Path
) -> None:
    with open_page(query="?model=yolo") as page:
        in_state(page, "ready")
        choose(page, "masks")
        expect(page.locator("#models option:checked")).to_have_text("masks · segmentation")
        label(served, exported_sources, "masks", "yolo")
        chosen = page.locator("#models option:checked")
        expect(chosen).to_have_text("masks (stable) · segmentation")
        assert not is_listed(page, "masks")
        until(page, lambda: is_listed(page, "yolo (stable)"), "the label of a model not in use")
        assert not is_listed(page, "yolo")
        label(served, exported_sources)
        expect(chosen).to_have_text("masks · segmentation")
        assert not is_listed(page, "masks (stable)")


def test_the_menu_names_what_the_page_waits_for_and_leads_away_from_it(open_page: Open) -> None:
    with open_page(query="?model=nowhere") as page:
        in_state(page, "waiting")
        chosen = page.locator("#models option:checked")
        expect(chosen).to_have_text("nowhere · not available")
        choose(page, "pose")
        in_state(page, "ready")
        expect(chosen).to_have_text("pose · pose estimation")
        assert page.locator("#models option", has_text="nowhere").count() == 0
