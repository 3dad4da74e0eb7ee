"""The options that select and configure a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SourceOptions:
    """What the command line says about a source; each kind rejects options it cannot use.

    ``location``: a path, or ``keras:NAME``.
    ``model``: ``package.module:function`` that builds the model from ``model_args``.
    ``inputs``: the name of the image input in the source, by its new name.
    ``outputs``: names of outputs in the source, by their new names.
    ``signature``: which signature of a SavedModel.
    ``tags``: which of its graphs, by its tags; None for the one that model servers load.
    ``feeds``: constants for other inputs.
    ``variables``: a regular expression for the variables to restore; others are initialized.
    ``exclude_nodes``: a regular expression for nodes of a graph to drop.
    ``moving_average``: restore the exponential moving averages of variables.
    ``weights``: of a Keras application.
    ``size``: width and height in pixels.
    ``batch``: the batch size of a model that requires one without declaring it.
    """

    location: str
    model: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    signature: str | None = None
    tags: tuple[str, ...] | None = None
    feeds: Mapping[str, Any] = field(default_factory=dict)
    variables: str | None = None
    exclude_nodes: str | None = None
    moving_average: bool = False
    weights: str | None = None
    size: tuple[int, int] | None = None
    batch: int | None = None
