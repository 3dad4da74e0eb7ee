"""A model's signatures, read from GetModelMetadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from server.backend.stubs import get_model_metadata_pb2, types_pb2
from server.backend.tensors import dtype_name
from server.core.errors import UnusableModel

DESCRIBE = "describe"
_PREDICT_METHODS = ("", "tensorflow/serving/predict")


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """``dtype`` is a TensorFlow DataType. ``shape`` is None if even the rank is unknown; a
    size in it is None if it is free. ``encoding`` names
    what takes several tensors, such as ``ragged``."""

    dtype: int
    shape: tuple[int | None, ...] | None
    encoding: str = ""

    def __str__(self) -> str:
        if self.dtype == types_pb2.DT_INVALID and self.encoding:
            return self.encoding  # a ragged tensor's dtype is in its encoding
        sizes = (
            ["..."] if self.shape is None else ["?" if s is None else str(s) for s in self.shape]
        )
        return f"{self.encoding} {dtype_name(self.dtype)}[{','.join(sizes)}]".lstrip()


@dataclass(frozen=True, slots=True)
class Signature:
    """``inputs`` are the required ones, without those that have a default."""

    name: str
    method: str
    inputs: Mapping[str, TensorSpec]
    outputs: Mapping[str, TensorSpec]

    @property
    def predicts(self) -> bool:
        """False for Classify and Regress, whose strings are tf.Examples, not pictures."""
        return self.method in _PREDICT_METHODS

    @property
    def describes(self) -> bool:
        """True for the signature that returns the model's description."""
        outputs = list(self.outputs.values())
        return (
            self.name == DESCRIBE
            and not self.inputs
            and len(outputs) == 1
            and outputs[0].dtype == types_pb2.DT_STRING
        )

    def __str__(self) -> str:
        inputs = ", ".join(f"{alias}: {spec}" for alias, spec in sorted(self.inputs.items()))
        return f"{self.name}({inputs}) -> {', '.join(sorted(self.outputs))}"


def read(metadata: get_model_metadata_pb2.GetModelMetadataResponse) -> tuple[Signature, ...]:
    """Return the signatures in a GetModelMetadata response, by name. Raises UnusableModel."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    packed = metadata.metadata.get("signature_def")
    try:
        found = packed is not None and packed.Unpack(signatures)
    except DecodeError:
        raise UnusableModel("the signatures in the model server's metadata are broken") from None
    if not found:
        raise UnusableModel("the model server's metadata contains no signatures")
    return tuple(
        _signature(name, signatures.signature_def[name])
        for name in sorted(signatures.signature_def)
    )


def _signature(name: str, definition: Any) -> Signature:
    required = set(definition.inputs) - set(definition.defaults)
    return Signature(
        name,
        definition.method_name,
        {alias: _spec(definition.inputs[alias]) for alias in sorted(required)},
        {alias: _spec(definition.outputs[alias]) for alias in sorted(definition.outputs)},
    )


def _spec(info: Any) -> TensorSpec:
    encoding = _encoding(info)
    if info.tensor_shape.unknown_rank:
        return TensorSpec(info.dtype, None, encoding)
    sizes = (dim.size for dim in info.tensor_shape.dim)
    shape = tuple(None if size < 0 else size for size in sizes)
    return TensorSpec(info.dtype, shape, encoding)


def _encoding(info: Any) -> str:
    """Return how values that take several tensors are put together; "" for a plain tensor."""
    kind = info.WhichOneof("encoding")
    if kind != "composite_tensor":
        return "sparse" if kind == "coo_sparse" else ""
    spec = info.composite_tensor.type_spec
    name: str = spec.TypeSpecClass.Name(spec.type_spec_class)
    return name.removesuffix("_SPEC").removesuffix("_TENSOR").replace("_", " ").lower()
