"""The fonts for training, and the error if they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from demomodel import fonts
from export.errors import FontsMissing


def test_no_family_is_in_both_sets() -> None:
    training = {family.name for family in fonts.TRAINING}
    held_out = {family.name for family in fonts.HELD_OUT}
    assert not training & held_out
    files = [f for family in fonts.TRAINING + fonts.HELD_OUT for f in family.files]
    assert len(files) == len(set(files))
    assert len(held_out) >= 6


def test_no_package_has_families_of_both_sets() -> None:
    training = {family.package for family in fonts.TRAINING}
    held_out = {family.package for family in fonts.HELD_OUT}
    assert not training & held_out
    assert fonts.packages() == tuple(sorted(training | held_out))


def test_missing_fonts_are_named_by_package_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing, match=r"^fonts are missing: apt-get install fonts-") as caught:
        fonts.faces(fonts.HELD_OUT, (tmp_path,))
    message = str(caught.value)
    assert "\n" not in message
    assert all(family.package in message for family in fonts.HELD_OUT)


def test_faces_come_grouped_by_family(tmp_path: Path) -> None:
    family = fonts.Family("Some", "fonts-some", ("Some-Bold.ttf", "Some.ttf"))
    (tmp_path / "deep").mkdir()
    for name in family.files:
        (tmp_path / "deep" / name).touch()
    found = fonts.faces((family,), (tmp_path,))
    assert found == ((str(tmp_path / "deep/Some-Bold.ttf"), str(tmp_path / "deep/Some.ttf")),)
