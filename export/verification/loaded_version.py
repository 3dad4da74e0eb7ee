"""A version loaded into this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.contract import DESCRIBE
from export.errors import ContractError
from export.sources.metagraphs import loadable
from export.verification.golden import Row, rows_of

Specs = dict[str, tuple[str, "list[int | None] | None"]]
"""Dtype and shape by name; the shape is None if the rank is unknown."""


class LoadedVersion:
    """The signatures of a SavedModel. Raise ``ContractError`` if it cannot be loaded."""

    def __init__(self, version: Path) -> None:
        try:
            loaded = tf.saved_model.load(str(loadable(version)))
        except Exception as error:  # damaged files can raise anything
            reason = " ".join(str(error).split())[:300]
            raise ContractError(f"{version} cannot be loaded: {reason}") from None
        self._loaded = loaded  # keeps the variables alive
        self._signatures = dict(loaded.signatures)
        variables = [one for signature in self._signatures.values() for one in signature.variables]
        # The image signatures share their variables.
        self.variables: list[Any] = list({one.handle.ref(): one for one in variables}.values())

    def names(self) -> set[str]:
        """Return the names of the signatures."""
        return set(self._signatures)

    def inputs(self, signature: str) -> Specs:
        """Return the inputs of a signature."""
        return _specs(self._signatures[signature].structured_input_signature[1])

    def outputs(self, signature: str) -> Specs:
        """Return the outputs of a signature."""
        return _specs(self._signatures[signature].structured_outputs)

    def batch_size(self, signature: str) -> int | None:
        """Return the batch size of a signature if it is fixed."""
        [(_, shape)] = self.inputs(signature).values()
        return shape[0] if shape else None

    def describe(self) -> bytes:
        """Return the description."""
        description: bytes = self._signatures[DESCRIBE]()["description"].numpy()
        return description

    def answer(self, signature: str, inputs: np.ndarray) -> list[Row]:
        """Return a row for each input. Raise ``tf.errors.OpError``."""
        outputs = self._signatures[signature](image=tf.constant(inputs))
        return rows_of({name: value.numpy() for name, value in outputs.items()})


def _specs(specs: dict[str, Any]) -> Specs:
    return {
        name: (spec.dtype.name, None if spec.shape.rank is None else spec.shape.as_list())
        for name, spec in specs.items()
    }
