"""Which flags the Procfile starts the model server with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from modelserver.options import command_line

PROCFILE = (Path(__file__).resolve().parents[1] / "Procfile").read_text(encoding="utf-8")


def serving_flags(folder: Path) -> list[str]:
    """The command line as the shell makes it, in a folder."""
    [line] = re.findall(r"^serving: exec python -m modelserver (.*)$", PROCFILE, re.MULTILINE)
    shell = ["sh", "-c", f"printf '%s\\n' {line}"]
    return subprocess.run(
        shell, cwd=folder, capture_output=True, text=True, check=True
    ).stdout.split()


def test_the_newest_version_until_something_was_released(tmp_path: Path) -> None:
    options, _ = command_line.parse(serving_flags(tmp_path))
    assert (options.model_name, options.model_base_path) == ("digits", "models/digits")
    assert options.model_config_file == ""


def test_what_was_released_survives_a_restart(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "models.config").touch()
    options, _ = command_line.parse(serving_flags(tmp_path))
    assert options.model_config_file == "models/models.config"
    assert options.allow_version_labels_for_unavailable_models
    assert options.model_base_path == ""
