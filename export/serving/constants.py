"""A model whose variables are constants, so that TensorFlow can compute ahead with them.

It then folds, for example, the scales of batch normalizations into the weights before them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from export.contract import Outputs, Tensor
from export.errors import SourceError

Model = Callable[[Tensor], Outputs]


def with_constants(model: Model, spec: tf.TensorSpec) -> Model:
    """Return ``model`` for inputs of ``spec`` with its variables as constants.

    Raise ``SourceError`` if it has tables or other state, which cannot become constants.
    """
    traced = tf.function(model, input_signature=[spec], autograph=False).get_concrete_function()
    handles = {id(variable.handle) for variable in traced.graph.variables}
    if any(id(captured) not in handles for captured in traced.captured_inputs):
        raise SourceError("--optimize: the model has tables or other state besides its variables")
    try:
        graph = convert_variables_to_constants_v2(traced)
    except (ValueError, KeyError) as error:
        raise SourceError(f"--optimize: the graph cannot be converted: {error}") from None
    names = sorted(traced.structured_outputs)  # the order in which TensorFlow flattens them

    def run(images: Tensor) -> Outputs:
        outputs: Any = graph(images)
        return dict(zip(names, outputs, strict=True))

    return run
