"""Descriptions: what is taken, and that every wrong field is named."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.backend.description import Description, DescriptionError, Scale, from_fields, parse
from server.core.model import ModelKey, Then
from tests.server.backend.puppet_models import DESCRIPTION


def test_everything_is_read() -> None:
    scale = {"mean": [1, 2.5, 3], "std": [255]}
    fields = {**DESCRIPTION, "input": {**DESCRIPTION["input"], "scale": scale}}
    fields["skeleton"] = [[0, 2], [1, 1]]
    fields["palette"] = ["#000000", "#00FF7f"]
    fields["multi_label"] = True
    fields["unit"] = "m"
    fields["then"] = {"model": "faces", "max_boxes": 3}
    fields["masks"] = False
    assert parse(json.dumps(fields).encode()) == Description(
        task="detection",
        labels=("zero", "one", "two"),
        first_class=0,
        width=8,
        height=8,
        resize="stretch",
        scale=Scale((1.0, 2.5, 3.0), (255.0,)),
        formats=("jpeg", "png"),
        max_batch=64,
        skeleton=((0, 2), (1, 1)),
        palette=("#000000", "#00ff7f"),
        multi_label=True,
        unit="m",
        then=Then(ModelKey("faces"), 3),
        masks=False,
    )


def test_what_is_not_said_has_defaults_and_what_is_unknown_is_ignored() -> None:
    assert parse(b'{"schema": 1, "made_by": "x", "novelty": {}}') == Description()
    assert from_fields({"task": None, "input": None, "labels": None}) == Description()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"task": "poetry"}, "task"),
        ({"task": []}, "task"),
        ({"labels": "abc"}, "labels"),
        ({"labels": ["a", 1]}, "labels"),
        ({"first_class": -1}, "first_class"),
        ({"first_class": True}, "first_class"),
        ({"unit": 5}, "unit"),
        ({"then": True}, "then"),
        ({"then": 5}, "then"),
        ({"then": {"model": "a", "max_boxes": 51}}, "then"),
        ({"multi_label": 1}, "multi_label"),
        ({"masks": "yes"}, "masks"),
        ({"palette": "#000000"}, "palette"),
        ({"palette": ["#00000"]}, "palette"),
        ({"palette": ["red", "#000000"]}, "palette"),
        ({"skeleton": 5}, "skeleton"),
        ({"skeleton": [[0, 1, 2]]}, "skeleton"),
        ({"skeleton": [[0, -1]]}, "skeleton"),
        ({"skeleton": [[0, True]]}, "skeleton"),
        ({"skeleton": [[0, 1000]]}, "skeleton"),
        ({"skeleton": [[0, 1]] * 1001}, "skeleton"),
        ({"input": 5}, "input"),
        ({"input": {"width": 8}}, "input.width and input.height"),
        ({"input": {"width": 0, "height": 8}}, "input.width"),
        ({"input": {"width": 8, "height": "8"}}, "input.height"),
        ({"input": {"resize": "squash"}}, "input.resize"),
        ({"input": {"scale": 255}}, "input.scale"),
        ({"input": {"scale": {"mean": [0]}}}, "input.scale.std"),
        ({"input": {"scale": {"mean": [0, 0], "std": [1]}}}, "input.scale.mean"),
        ({"input": {"scale": {"mean": ["0"], "std": [1]}}}, "input.scale.mean"),
        ({"input": {"scale": {"mean": [0], "std": [0]}}}, "input.scale.std"),
        ({"input": {"scale": {"mean": [0], "std": [float("nan")]}}}, "input.scale.std"),
        ({"formats": ["jpeg", "tiff"]}, "formats"),
        ({"max_batch": 0}, "max_batch"),
        ({"max_batch": 1.5}, "max_batch"),
        ({"schema": 2}, "schema"),
    ],
)
def test_wrong_field_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(DescriptionError, match=f"^{field}") as caught:
        parse(json.dumps({"schema": 1, **change}).encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 100_000])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(DescriptionError, match=r"^not (a )?JSON"):
        parse(text)


_ANYTHING = st.sampled_from(
    [None, True, 0, -1, 1, 10**400, 1.5, float("inf"), "", "stretch", [], [1], ["a"], {}, {"a": 1}]
)
_SCALE = st.fixed_dictionaries({}, optional={"mean": _ANYTHING, "std": _ANYTHING})
_INPUT = st.fixed_dictionaries(
    {},
    optional={
        "width": _ANYTHING,
        "height": _ANYTHING,
        "resize": _ANYTHING,
        "scale": _ANYTHING | _SCALE,
    },
)
_FIELDS = (
    *("task", "labels", "first_class", "formats", "max_batch"),
    *("skeleton", "palette", "multi_label", "unit", "then", "masks"),
)


@given(st.dictionaries(st.sampled_from(_FIELDS), _ANYTHING), _ANYTHING | _INPUT)
def test_nothing_but_a_description_error_comes_out(fields: dict[str, Any], picture: Any) -> None:
    with contextlib.suppress(DescriptionError):
        from_fields({**fields, "input": picture})
    with contextlib.suppress(DescriptionError):
        from_fields({"input": {"scale": {"mean": [picture], "std": [10**400]}}})
