"""``framewire demo``: when it asks the exporter about the model."""

from __future__ import annotations

import os
from pathlib import Path

from demomodel import CHECKPOINT
from framewire import demo


def test_the_exporter_is_asked_if_the_checkpoint_is_newer(tmp_path: Path) -> None:
    trained = max(file.stat().st_mtime for file in CHECKPOINT.iterdir())
    assert not demo._is_up_to_date(tmp_path / "nothing")
    assert not demo._is_up_to_date(tmp_path)
    for number, age_s in (("9", -60.0), ("10", 60.0)):
        (tmp_path / number).mkdir()
        os.utime(tmp_path / number, (0.0, trained + age_s))
        assert demo._is_up_to_date(tmp_path) == (age_s > 0)
    (tmp_path / "not-a-version").mkdir()
    assert demo._is_up_to_date(tmp_path)
