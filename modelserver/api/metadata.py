"""GetModelMetadata: the signatures of a loaded version."""

from __future__ import annotations

from typing import Any

from tensorflow_serving.apis import get_model_metadata_pb2

from modelserver.execution.model import Model
from modelserver.status import invalid

SIGNATURE_DEF = "signature_def"


def check_fields(request: Any) -> None:
    """Reject a GetModelMetadataRequest without fields, or with unknown ones."""
    if not request.metadata_field:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for field in request.metadata_field:
        if field != SIGNATURE_DEF:
            raise invalid(f"Metadata field {field} is not supported")


def metadata(model: Model) -> Any:
    """Return a GetModelMetadataResponse with the version's SignatureDefMap."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for name, signature in model.signatures.items():
        signatures.signature_def[name].CopyFrom(signature)
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    response.model_spec.name = model.name
    response.model_spec.version.value = model.version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response
