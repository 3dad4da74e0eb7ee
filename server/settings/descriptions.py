"""Descriptions of models that have no ``describe`` signature, from a JSON file."""

from __future__ import annotations

import json
from typing import Any

from framewire import textfile
from server.settings.errors import WrongSetting, reason


def load_descriptions(path: str) -> dict[str, dict[str, Any]]:
    """Return a description per model name; none if ``path`` is empty. Raises WrongSetting."""
    if not path:
        return {}
    try:
        models = json.loads(textfile.read(path))
    except (OSError, ValueError, RecursionError) as error:
        raise WrongSetting(f"descriptions: {path}: {reason(error)}") from None
    if not isinstance(models, dict) or not all(isinstance(one, dict) for one in models.values()):
        raise WrongSetting(f"descriptions: {path}: must map each model name to an object")
    return models
