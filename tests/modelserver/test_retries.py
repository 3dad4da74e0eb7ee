"""Retries of failed loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelserver.execution import saved_model
from modelserver.status import Code, ServingError
from tests.modelserver import exported
from tests.modelserver.client import floats, spec
from tests.modelserver.conftest import Serve

X = floats(0)


class Failing:
    """Loads as ever, but fails for version 2 so many times; it counts the tries."""

    def __init__(self, failures: int) -> None:
        self.tries = 0
        self._failures = failures
        self._load = saved_model.load

    def __call__(self, path: str, *rest: Any) -> Any:
        if path.endswith("/2"):
            self.tries += 1
            if self.tries <= self._failures:
                raise ServingError(Code.UNAVAILABLE, f"failure {self.tries}")
        return self._load(path, *rest)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for version in (1, 2):
        exported.half_plus(tmp_path / f"v{version}", offset=float(version))
    (tmp_path / "v1").rename(tmp_path / "1")
    return tmp_path


def test_a_failed_load_is_retried(
    serve: Serve, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = Failing(2)
    monkeypatch.setattr(saved_model, "load", load)
    client = serve(model_base_path=base)
    (base / "v2").rename(base / "2")
    client.wait_for("default", v1="END", v2="AVAILABLE")
    assert load.tries == 3
    [status] = client.status(spec("default", 2))
    assert status.status.error_code == 0, "the failures are forgotten"


@pytest.mark.parametrize("retries", [0, 2])
def test_retries_are_limited(
    serve: Serve, base: Path, monkeypatch: pytest.MonkeyPatch, retries: int
) -> None:
    load = Failing(100)
    monkeypatch.setattr(saved_model, "load", load)
    client = serve(model_base_path=base, max_num_load_retries=retries)
    (base / "v2").rename(base / "2")
    assert client.registry is not None

    def given_up() -> bool:
        [second, _] = client.registry.peek("default")
        return second.error is not None and second.error.message == f"failure {retries + 1}"

    client.wait_for("default", v2="END")
    assert client.registry.wait_for(given_up, 30)
    client.wait_for_looks(5)
    assert load.tries == retries + 1
    [status] = client.status(spec("default", 2))
    assert (status.state, status.status.error_code) == (50, Code.UNAVAILABLE)
    assert client.predict("default", {"x": X})["y"].tolist() == [1.0], "the older one goes on"
