"""Predict: named tensors in, named tensors out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tensorflow_serving.apis import model_pb2

from modelserver.codec import decode, dtypes, encode
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.execution.model import DEFAULT_SIGNATURE, Model
from modelserver.status import Code, ServingError, invalid

API = "Predict"
Read = Callable[[Any], Mapping[str, Array]]
"""Returns the inputs of a SignatureDef, by alias."""


def predict(model: Model, request: Any, deadline: Deadline, as_content: bool = False) -> bytes:
    """Answer a PredictRequest with a serialized PredictResponse.

    ``model`` is the version that the request's model_spec selects. ``as_content`` selects
    ``tensor_content`` instead of typed fields. The response names the actual version and the
    resolved signature.

    Raise ``ServingError`` with TensorFlow Serving's codes, checking in the same order.
    """
    signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
    signature = model.signatures.get(signature_name)
    if signature is None:
        raise ServingError(
            Code.FAILED_PRECONDITION, f'Serving signature key "{signature_name}" not found.'
        )
    feeds = _feeds(signature, request.inputs)
    aliases = _aliases(signature, request.output_filter)
    fetches = [signature.outputs[alias].name for alias in aliases]
    values = model.run(feeds, fetches, deadline, API)

    spec = model_pb2.ModelSpec(name=request.model_spec.name, signature_name=signature_name)
    spec.version.value = model.version
    outputs = dict(zip(aliases, values, strict=True))
    try:
        return encode.predict_response(spec, outputs, as_content)
    except encode.UnsupportedType as error:
        raise ServingError(Code.UNIMPLEMENTED, str(error)) from None


def predict_arrays(
    model: Model,
    signature_name: str,
    read: Read,
    deadline: Deadline,
) -> dict[str, Array]:
    """Run a signature on arrays and return all outputs by alias, for transports other than
    protobuf.

    An empty ``signature_name`` selects the default. ``read`` returns the inputs, received the
    SignatureDef.
    """
    name = signature_name or DEFAULT_SIGNATURE
    signature = model.signatures.get(name)
    if signature is None:
        raise invalid(f'Serving signature name: "{name}" not found in signature def')
    inputs = read(signature)
    feeds = {signature.inputs[alias].name: array for alias, array in inputs.items()}
    aliases = sorted(signature.outputs)
    fetches = [signature.outputs[alias].name for alias in aliases]
    values = model.run(feeds, fetches, deadline, API)
    return {alias: dtypes.as_array(value) for alias, value in zip(aliases, values, strict=True)}


def _feeds(signature: Any, inputs: Mapping[str, Any]) -> dict[str, Array]:
    _check_count(signature, inputs)
    feeds, used = {}, []
    for alias in sorted(signature.inputs):
        name = signature.inputs[alias].name
        if alias in inputs:
            proto = inputs[alias]
            used.append(alias)
        elif alias in signature.defaults:
            proto = signature.defaults[alias]
        else:
            raise invalid(
                f"Signature input alias: {alias}(feed name: {name}) not found in request and no "
                f"default value provided. Inputs expected to be in the request {_set(inputs)}, "
                f"or default input alias set: {','.join(sorted(signature.defaults))}"
            )
        feeds[name] = _decode(alias, proto)
    if len(used) != len(inputs):
        raise invalid(
            f"Inputs contains invalid name. Used request inputs: {','.join(used)}, "
            f"request input: {','.join(sorted(inputs))}"
        )
    return feeds


def _check_count(signature: Any, inputs: Mapping[str, Any]) -> None:
    expected, sent = set(signature.inputs), set(inputs)
    too_many = len(sent) > len(expected)
    too_few = len(sent) < len(expected) and not signature.defaults
    if too_many or too_few:
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(expected)} "
            f"len({_set(sent)}) != len({_set(expected)}). Sent extra: {_set(sent - expected)}. "
            f"Missing but required: {_set(expected - sent)}."
        )


def _decode(alias: str, proto: Any) -> Array:
    try:
        return decode.tensor(proto)
    except ValueError:
        raise invalid(f"tensor parsing error: {alias}") from None


def _aliases(signature: Any, output_filter: Iterable[str]) -> list[str]:
    """Return the requested outputs, or all of them, sorted so that each set is compiled once."""
    chosen: set[str] = set()
    for alias in output_filter:
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_set(signature.outputs)}."
            )
        if alias in chosen:
            raise invalid(f"duplicate output tensor alias: {alias}")
        chosen.add(alias)
    return sorted(chosen or signature.outputs)


def _set(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
