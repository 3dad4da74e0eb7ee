"""Low-priority work."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from modelserver.lifecycle import background, loader
from tests.modelserver import exported
from tests.modelserver.conftest import Serve

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@linux
def test_only_the_work_has_a_low_priority() -> None:
    before = niceness()
    assert background.run(niceness) == max(before, background.NICENESS)
    assert niceness() == before
    assert background.run(niceness) == max(before, background.NICENESS), "and so has the next"


def test_an_error_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        background.run(lambda: 1 // 0)


@linux
def test_a_warm_up_beside_calls_steps_back(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    warm_up = loader.warm_up

    def watched(*arguments: Any) -> None:
        seen.append(niceness())
        warm_up(*arguments)

    monkeypatch.setattr(loader, "warm_up", watched)
    exported.half_plus(tmp_path / "1")
    client = serve(model_base_path=tmp_path)
    exported.half_plus(tmp_path / ".2")
    (tmp_path / ".2").rename(tmp_path / "2")
    client.wait_for("default", v2="AVAILABLE")
    assert seen == [niceness(), max(niceness(), background.NICENESS)], "not before the ports open"
