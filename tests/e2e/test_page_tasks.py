"""The page with models of other tasks, and with a server at its session limit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from loadtest.stack import Stack
from tests.e2e.browsing import in_state
from tests.e2e.conftest import Open
from tests.forked import ForkedStack

CONFIG = """
model_config_list {{
  config {{ name: "classifier" base_path: "{0}/classifier" model_platform: "tensorflow" }}
  config {{ name: "raw" base_path: "{0}/raw" model_platform: "tensorflow" }}
  config {{ name: "zoo" base_path: "{0}/zoo" model_platform: "tensorflow" }}
}}
"""
DESCRIPTIONS = {"zoo": {"labels": ["bright"], "first_class": 1, "then": "classifier"}}


@pytest.fixture(scope="module")
def stack(other_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A classifier without labels, a model with raw outputs, and a detector whose boxes are meant
    for the classifier; one session at a time."""
    folder = tmp_path_factory.mktemp("others")
    config, descriptions = folder / "models.config", folder / "descriptions.json"
    config.write_text(CONFIG.format(other_models))
    descriptions.write_text(json.dumps(DESCRIPTIONS))
    flags = (
        "--model=classifier",
        "--max-sessions=1",
        "--max-staleness-ms=20000",
        f"--descriptions={descriptions}",
    )
    with ForkedStack(
        gateway_flags=flags, model_flags=(f"--model_config_file={config}",)
    ) as running:
        yield running


def facts(page: Page) -> dict[str, str]:
    """What the page's model card says, by term."""
    rows: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll('#model div')]
          .map((row) => [...row.children].map(({ textContent }) => textContent))"""
    )
    return {row[0]: row[1] for row in rows}


def test_a_classifier_without_labels_has_no_number_of_classes(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "ready")
        expect(page.locator("#result .chip").first).to_be_visible()
        assert facts(page)["Task"] == "classification"
        assert "Classes" not in facts(page)
        expect(page.locator("#outputs")).to_be_hidden()
        expect(page.locator("#score-option")).to_be_visible()
        expect(page.locator("#boxes-option")).to_be_hidden()


def test_raw_outputs_are_listed_with_their_values(open_page: Open) -> None:
    with open_page(query="?model=raw") as page:
        in_state(page, "ready")
        cells = page.locator("#output-rows td")
        expect(cells).to_have_count(3)
        expect(cells.nth(0)).to_have_text("colour")
        expect(cells.nth(1)).to_have_text("float32 [3]")
        red, green, blue = (float(value) for value in cells.nth(2).inner_text().split(", "))
        assert all(0 < mean < 256 for mean in (red, green, blue))
        assert facts(page)["Task"] == "raw outputs"
        expect(page.locator("#score-option")).to_be_hidden()


def test_a_box_has_the_best_class_of_the_second_model(open_page: Open) -> None:
    with open_page(query="?model=zoo") as page:
        in_state(page, "ready")
        expect(page.locator("#result .chip").first).to_contain_text(re.compile(r"bright · [012]"))


def test_a_full_server_differs_from_one_that_is_gone(open_page: Open) -> None:
    with open_page() as first:
        in_state(first, "ready")
        with open_page() as second:
            in_state(second, "full")
            expect(second.locator("#card")).to_contain_text("Server is full")
            second.wait_for_timeout(1500)  # some attempts: the state must not change in between
            assert second.evaluate("document.documentElement.dataset.state") == "full"
            expect(second.locator("#lost div")).to_have_count(0)  # no session, so no lost frames
            expect(second.locator("#lost-note")).to_have_text("None so far.")
            first.close()
            in_state(second, "ready")
