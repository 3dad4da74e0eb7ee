"""The READMEs' badges say what setup.cfg and the Makefile say."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT
from website.badges import Badge, badges


@pytest.mark.parametrize("badge", list(badges()), ids=lambda badge: badge.name)
def test_the_badge_is_true(badge: Badge) -> None:
    """If not, run: python -m website.badges"""
    assert badge.path.read_text(encoding="utf-8") == badge.svg()
    for name in ("README.md", "README.zh-CN.md"):
        readme = (ROOT / name).read_text(encoding="utf-8")
        assert f"]({badge.path.relative_to(ROOT).as_posix()})" in readme
