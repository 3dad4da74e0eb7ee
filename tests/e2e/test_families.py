"""What the program for other libraries' models makes of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import browsing
from tests.e2e.conftest import Open
from tests.families.walk import StepFailed, shown


def test_a_page_that_shows_nothing_is_explained(
    open_page: Open, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo model's results have no masks."""
    with open_page(camera=film, query="?source=camera") as page:
        assert shown(page, "boxes", settled_ms=0)
        monkeypatch.setattr(browsing, "PATIENCE_S", 1.0)
        with pytest.raises(StepFailed, match=r"^the page shows no masks; it says: \S") as failed:
            shown(page, "masks", settled_ms=0)
        assert page.locator("#pill-text").inner_text() in str(failed.value)
        assert "\n" not in str(failed.value)
