"""Whether a model server takes calls, by what it says itself."""

from __future__ import annotations

from server.backend import request
from server.backend.channel import Channel
from server.backend.stubs import get_model_status_pb2
from server.core.errors import (
    BackendUnavailable,
    BatchRejected,
    DeadlineExceeded,
    ModelFailed,
    Overloaded,
    UnknownModel,
)
from server.core.model import ModelKey

_AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
_NO_WORD = (BatchRejected, ModelFailed, Overloaded, UnknownModel)


async def check(channel: Channel, name: str | None, timeout_s: float) -> str:
    """Return why the model server takes no calls now, or an empty text if it does.

    The gRPC health service says so. TensorFlow Serving has it only if it is switched on; failing
    that, some version of the model ``name`` (None: no model is known) must be available. Raises
    BackendUnavailable if there is no answer within ``timeout_s`` seconds.
    """
    serving = await channel.serving(timeout_s)
    if serving is not None:
        return "" if serving else "it reports that it is not serving"
    if name is None or await _available(channel, name, timeout_s):
        return ""
    return f"no version of model {name} is available"


async def _available(channel: Channel, name: str, timeout_s: float) -> bool:
    """Return whether a version is available; a model that is not configured says nothing."""
    message = get_model_status_pb2.GetModelStatusRequest(
        model_spec=request.model_spec(ModelKey(name))
    )
    try:
        status = await channel.model_status(message, timeout_s)
    except DeadlineExceeded:
        raise BackendUnavailable("no model status in time") from None
    except _NO_WORD:
        return True
    return any(version.state == _AVAILABLE for version in status.model_version_status)
