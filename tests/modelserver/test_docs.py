"""The model server's documentation lists every flag with its default and help."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from modelserver.options.flags import NO_EFFECT, Options

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "modelserver.md").read_text()


@pytest.mark.parametrize("field", fields(Options), ids=lambda field: field.name)
def test_every_flag_is_on_the_page(field: object) -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `--{field.name}` |")]
    if NO_EFFECT in field.metadata:
        assert field.metadata[NO_EFFECT] in row
        return
    default = field.default
    shown = str(default).lower() if isinstance(default, bool) else f"{default}".removesuffix(".0")
    assert f"| `{shown}` |" in row or not shown
    assert field.metadata["help"] in row
