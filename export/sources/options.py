"""What the command line says about a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wish:
    """Every kind of source heeds some of these and refuses what makes no sense for it.

    place: a path, or `keras:NAME`. model: `package.module:function` that builds the model, with
    model_args. inputs: one name in the source, by the name it shall have. outputs: names in the
    source, by the names they shall have. signature: of a SavedModel. feeds: constants for other
    inputs. variables: a regular expression for the variables to restore; the others are
    initialised. exclude_nodes: one for nodes of a graph to leave out. moving_average: take the
    variables' exponential moving averages. weights: of a Keras application. size: width and
    height in pixels. batch: the size of a batch that the model holds to without saying so.
    """

    place: str
    model: str | None = None
    model_args: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    signature: str | None = None
    feeds: Mapping[str, Any] = field(default_factory=dict)
    variables: str | None = None
    exclude_nodes: str | None = None
    moving_average: bool = False
    weights: str | None = None
    size: tuple[int, int] | None = None
    batch: int | None = None
