"""The page with a gateway that requires a token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from loadtest.stack import Stack
from tests.conftest import gateway_with
from tests.e2e.browsing import in_state, until_boxes
from tests.e2e.conftest import Open
from tests.server.access import keyring

KEY = keyring.secret()


@pytest.fixture(scope="module")
def stack(demo_servers: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Both servers; the gateway requires tokens."""
    keys = keyring.write(tmp_path_factory.mktemp("keys") / "keys.json", KEY)
    with gateway_with(demo_servers, f"--token-keys={keys}") as guarded:
        yield guarded


def test_a_token_in_the_address(open_page: Open) -> None:
    with open_page(query=f"#token={keyring.signed(KEY)}") as page:
        in_state(page, "ready")
        until_boxes(page)


def test_a_missing_token_can_be_entered(open_page: Open) -> None:
    with open_page() as page:
        in_state(page, "refused")
        expect(page.locator("#card")).to_contain_text("Access token required")
        asked = page.locator("#card-more").inner_text()
        field = page.get_by_label("Access token")
        field.press_sequentially("l1 forged")  # characters that are shortcuts elsewhere
        field.press("Enter")
        expect(page.locator("#card-more")).not_to_have_text(asked)  # the new reason
        assert page.evaluate("document.documentElement.lang") == "en"
        field.fill(keyring.signed(KEY))
        page.get_by_role("button", name="Connect").click()
        in_state(page, "ready")
        until_boxes(page)
        expect(page.locator("#token")).to_be_hidden()
