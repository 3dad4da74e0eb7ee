"""One version, wherever it is written."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path

import export
from server.version import VERSION

ROOT = Path(__file__).resolve().parents[1]


def released() -> str:
    """The version in setup.cfg, which is the one that is changed for a release."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    return config["metadata"]["version"]


def test_the_packages_report_it() -> None:
    assert export.__version__ == released()
    assert released() == VERSION


def test_the_changelog_has_it() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{released()}]" in text


def test_the_clients_introduce_themselves_by_it() -> None:
    for folder in ("static/client", "miniprogram/client"):
        package = json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8"))
        assert package["version"] == released()
    for file in ("static/client/client.js", "miniprogram/client/lib/client.js"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.findall(r"'framewire[.-]\w+/([\d.]+)'", text) == [released()], file
