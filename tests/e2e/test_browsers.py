"""A browser that hangs costs one test, not the run."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import Error

from tests.e2e.browsers import Browsers


def test_a_browser_that_hangs_is_killed_and_replaced(browsers: Browsers) -> None:
    with browsers.in_use():
        page = browsers.launch().new_page()
    os.kill(browsers.pid(), signal.SIGSTOP)
    with browsers.in_use(longest_s=0.1), pytest.raises(Error, match="closed"):
        page.evaluate("1")  # which waits without a limit
    with browsers.in_use():
        page = browsers.launch().new_page()
        assert page.evaluate("1 + 1") == 2
        page.close()
