"""The files in deploy/, read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.test_version import released

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
VERSION = released()

Document = dict[str, Any]


def documents(text: str) -> list[Document]:
    """Return the documents of a YAML text."""
    return [document for document in yaml.safe_load_all(text) if document]


def load_file(path: Path) -> list[Document]:
    """Return the documents of a YAML file."""
    return documents(path.read_text(encoding="utf-8"))


def seconds(text: str) -> float:
    """Return ``40s`` as a number."""
    return float(text.removesuffix("s"))
