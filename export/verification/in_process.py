"""A version loaded into this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from export.errors import ContractBroken
from export.verification import golden
from export.verification.golden import Row

Specs = dict[str, tuple[str, list[int | None] | None]]
"""Dtype and shape by name; the shape is None where the rank is unknown."""


class InProcess:
    """The signatures of a SavedModel. Raises ContractBroken if it cannot be loaded."""

    def __init__(self, version: Path) -> None:
        try:
            loaded = tf.saved_model.load(str(version))
        except Exception as error:  # anything, for what lies there may be anything
            reason = " ".join(str(error).split())[:300]
            raise ContractBroken(f"{version} cannot be loaded: {reason}") from None
        self._loaded = loaded  # its variables live as long as it does
        self._signatures = dict(loaded.signatures)
        found = [variable for each in self._signatures.values() for variable in each.variables]
        # Both signatures of pictures have the same ones.
        self.variables: list[Any] = list({each.handle.ref(): each for each in found}.values())

    def names(self) -> set[str]:
        """The signatures' names."""
        return set(self._signatures)

    def inputs(self, signature: str) -> Specs:
        """What a signature takes."""
        return _specs(self._signatures[signature].structured_input_signature[1])

    def outputs(self, signature: str) -> Specs:
        """What a signature gives."""
        return _specs(self._signatures[signature].structured_outputs)

    def rows(self, signature: str) -> int | None:
        """The size of a signature's batches if it is fixed."""
        [(_, shape)] = self.inputs(signature).values()
        return shape[0] if shape else None

    def describe(self) -> bytes:
        """The description."""
        found: bytes = self._signatures["describe"]()["description"].numpy()
        return found

    def answer(self, signature: str, inputs: np.ndarray) -> list[Row]:
        """A row for each input. Raises tf.errors.OpError."""
        found = self._signatures[signature](image=tf.constant(inputs))
        return golden.rows_of({name: value.numpy() for name, value in found.items()})


def _specs(specs: dict[str, Any]) -> Specs:
    return {
        name: (spec.dtype.name, None if spec.shape.rank is None else spec.shape.as_list())
        for name, spec in specs.items()
    }
