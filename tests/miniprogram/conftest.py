"""Fixtures: npm packages, servers and phones."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demomodel.scenes import Scene, render
from loadtest.stack import Stack
from tests.conftest import one_at_a_time
from tests.e2e.conftest import browsers, launch
from tests.miniprogram.handset import Phone
from tests.miniprogram.packages import install

__all__ = ["browsers", "launch"]

NewPhone = Callable[..., Phone]


@pytest.fixture(scope="session")
def packages(node: str, run_folder: Path) -> Path:
    """Install the packages of package-lock.json and return their folder."""
    npm = shutil.which("npm")
    if npm is None and os.environ.get("CI"):
        pytest.fail("npm is missing; .ci/run installs it")
    if npm is None:
        pytest.skip("npm is not installed")
    with one_at_a_time(run_folder / "npm.lock"):
        return install(npm)


@pytest.fixture
def stack(demo_stack: Stack) -> Stack:
    """Both servers; a test may stop one of them."""
    return demo_stack


@pytest.fixture
def new_phone(node: str, packages: Path, tmp_path: Path) -> Iterator[NewPhone]:
    """Create phones that are configured for a server; options override the defaults."""
    phones: list[Phone] = []

    def made(server: str | Stack, settings: dict[str, Any] | None = None, **options: Any) -> Phone:
        address = server if isinstance(server, str) else server.url
        phone = Phone(node, packages, tmp_path)
        phones.append(phone)
        phone.tell("phone", folder=str(tmp_path), **options)
        stored = {"server": address, **(settings or {})}
        phone.tell("remember", key="framewire.settings", value=stored)
        return phone

    yield made
    for phone in phones:
        phone.__exit__(None, None, None)


@pytest.fixture(scope="session")
def scene() -> Scene:
    """A scene that the demo model gets right."""
    return render(2, (480, 640))
