"""The fonts for training, and the error if they are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from demomodel import families, fonts, scenes, typesetting
from export.errors import FontsMissing
from tests.demomodel import second_renderer


def test_no_family_is_in_both_sets() -> None:
    training = {family.name for family in families.TRAINING}
    held_out = {family.name for family in families.HELD_OUT}
    assert not training & held_out
    files = [f for family in families.TRAINING + families.HELD_OUT for f in family.files]
    assert len(files) == len(set(files))
    assert len(held_out) >= 6


def test_no_package_has_families_of_both_sets() -> None:
    training = {family.package for family in families.TRAINING}
    held_out = {family.package for family in families.HELD_OUT}
    assert not training & held_out
    assert fonts.packages() == tuple(sorted(training | held_out))


RELATIVES = ("Lato", "Karla", "Lobster", "M+", "Cabin Sketch")
"""Families from which the second renderer's or the held-out ones are derived, or the reverse."""


def test_the_second_renderer_shares_no_package_and_no_face() -> None:
    listed = families.TRAINING + families.HELD_OUT
    assert not set(second_renderer.PACKAGES.split()) & {family.package for family in listed}
    files = {file for family in listed for file in family.files}
    assert not files & set(second_renderer.FACES.replace("_01", " 01").split())
    assert not {family.name for family in listed} & set(RELATIVES)


def test_only_faces_of_segments_are_for_digits_alone() -> None:
    assert all(fonts.digits_only(f"/some/{file}") for file in families.SEGMENTED[0].files)
    assert not fonts.digits_only("/some/DejaVuSans.ttf")
    assert not fonts.digits_only(fonts.BUILT_IN)


def test_letters_are_never_set_in_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """In segments S is a 5 and B an 8, but neither has a box."""
    monkeypatch.setattr(fonts, "digits_only", lambda face: True)
    texts: list[str] = []
    set_line = typesetting.set_line
    monkeypatch.setattr(
        typesetting, "set_line", lambda text, *rest: texts.append(text) or set_line(text, *rest)
    )
    for seed in range(6):
        scenes.render(seed, (320, 240))
    assert len(texts) > 6
    assert all(text.isdigit() for text in texts)


def test_missing_fonts_are_named_by_package_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing, match=r"^fonts are missing: apt-get install fonts-") as caught:
        fonts.faces(families.HELD_OUT, (tmp_path,))
    message = str(caught.value)
    assert "\n" not in message
    assert all(family.package in message for family in families.HELD_OUT)


def test_faces_come_grouped_by_family(tmp_path: Path) -> None:
    family = families.Family("Some", "fonts-some", ("Some-Bold.ttf", "Some.ttf"))
    (tmp_path / "deep").mkdir()
    for name in family.files:
        (tmp_path / "deep" / name).touch()
    found = fonts.faces((family,), (tmp_path,))
    assert found == ((str(tmp_path / "deep/Some-Bold.ttf"), str(tmp_path / "deep/Some.ttf")),)
