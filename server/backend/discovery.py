"""Learn a model from the model server alone: GetModelMetadata, then ``describe``."""

from __future__ import annotations

import io
import logging
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from server.backend import description, request, signature
from server.backend.answers import arrays, split
from server.backend.channel import Channel
from server.backend.contract import BytesInput, ClassificationOutputs, Contract
from server.backend.description import Description, DescriptionError
from server.backend.labels import LabelTable
from server.backend.selection import Selection, select
from server.backend.stubs import get_model_metadata_pb2, predict_pb2, types_pb2
from server.backend.verdicts import Verdicts
from server.core.errors import (
    BackendUnavailable,
    BatchRejected,
    DeadlineExceeded,
    ModelFailed,
    ModelUnavailable,
    Overloaded,
    UnknownModel,
    UnusableModel,
)
from server.core.model import Lane, Model, ModelKey

log = logging.getLogger(__name__)

# How often a look-up is repeated if its version goes away between two calls.
_REPETITIONS = 2
_PROBE_SIDE = 256
_CALL_ERRORS = (BatchRejected, DeadlineExceeded, ModelFailed, Overloaded)


class Discovery:
    """Learns models over ``channel``; each call takes ``timeout_s`` seconds at most.

    ``fallbacks`` are descriptions, by model name, of models without a ``describe`` signature.
    ``labels`` may be shared with other model servers.
    """

    def __init__(
        self,
        channel: Channel,
        fallbacks: Mapping[str, Description],
        timeout_s: float,
        labels: LabelTable,
    ) -> None:
        self.verdicts = Verdicts()
        self._channel = channel
        self._fallbacks = fallbacks
        self._timeout_s = timeout_s
        self._labels = labels

    async def discover(self, key: ModelKey) -> Selection:
        """Learn a model.

        Raises UnknownModel, UnusableModel, ModelUnavailable or BackendUnavailable.
        """
        found = await self._signatures(key, self._timeout_s)
        for _ in range(_REPETITIONS):
            try:
                return await self._learn(key, *found)
            except UnknownModel:
                found = await self._signatures(key, self._timeout_s)
        return await self._learn(key, *found)

    async def version(self, key: ModelKey, timeout_s: float) -> int:
        """Return the version that serves ``key`` now. Raises what :meth:`discover` raises."""
        version, _ = await self._signatures(key, min(timeout_s, self._timeout_s))
        return version

    async def _signatures(
        self, key: ModelKey, timeout_s: float
    ) -> tuple[int, tuple[signature.Signature, ...]]:
        message = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=request.model_spec(key), metadata_field=["signature_def"]
        )
        try:
            metadata = await self._channel.model_metadata(message, timeout_s)
        except UnknownModel as error:
            raise type(error)(f"the model server has no model {key}", str(error)) from None
        except BatchRejected as error:
            reason = f"the model server rejects the model name {key}"
            raise UnknownModel(reason, str(error)) from None
        except _CALL_ERRORS as error:
            raise ModelUnavailable(f"looking up model {key} failed", str(error)) from None
        return int(metadata.model_spec.version.value), signature.read(metadata)

    async def _learn(
        self, key: ModelKey, version: int, signatures: tuple[signature.Signature, ...]
    ) -> Selection:
        self.verdicts.check(key, version)
        described = await self._description(key, version, signatures)
        labels = self._labels.of(key.name, version, described.labels)
        selection = select(key, version, signatures, described, labels)
        if not labels.names and _answers_with_names(signatures):
            await self._learn_names(selection)
            selection = select(key, version, signatures, described, labels)
        for lane, contract in selection.contracts.items():
            if not contract.certain:
                await self._prove(selection.model, lane, contract)
        return selection

    async def _description(
        self, key: ModelKey, version: int, signatures: tuple[signature.Signature, ...]
    ) -> Description:
        """Return what the model says about itself or, failing that, the settings."""
        if not any(one.describes for one in signatures):
            return self._fallbacks.get(key.name, Description())
        pinned = ModelKey(key.name, version=version)
        message = request.without_inputs(pinned, signature.DESCRIBE)
        try:
            response, _ = await self._channel.predict(message, self._timeout_s)
        except _CALL_ERRORS as error:
            raise ModelUnavailable(f"model {key} did not describe itself", str(error)) from None
        try:
            [values] = arrays(response.outputs).values()
            return description.parse(bytes(values.reshape(-1)[0]))
        except (DescriptionError, ValueError, IndexError, TypeError, ModelFailed) as error:
            raise UnusableModel(f"model {key} has an invalid description: {error}") from None

    async def _learn_names(self, selection: Selection) -> None:
        """Classify a black picture: most classifiers return all their class names each time."""
        for lane, contract in selection.contracts.items():
            outputs = contract.outputs
            if not isinstance(outputs, ClassificationOutputs) or outputs.classes is None:
                continue
            try:
                response = await self._probe(selection.model, lane, contract, 1)
                for name in arrays(response.outputs)[outputs.classes].reshape(-1):
                    outputs.labels.index(bytes(name))
                return
            except (*_CALL_ERRORS, UnknownModel) as error:
                log.debug("model %s returned no class names yet: %s", lane.model, error)

    async def _prove(self, model: Model, lane: Lane, contract: Contract) -> None:
        """Find out from one answer what the metadata leaves open. Raises UnusableModel.

        Two pictures are sent if a batch may have them: one row could be the batch by chance.
        """
        key, signature = lane.model, lane.signature
        if self.verdicts.is_proven(key, contract.version, signature):
            return
        rows = contract.input.rows or min(2, lane.max_batch or 2)
        try:
            response = await self._probe(model, lane, contract, rows)
        except BatchRejected as error:  # which proves nothing if it may be for what is seen
            if not contract.known_layout:
                reason = f"its input may have the channels first; it rejects [N,H,W,3]: {error}"
                raise self.verdicts.reject(key, contract.version, reason) from None
        except (*_CALL_ERRORS, UnknownModel, BackendUnavailable):
            return  # so the next look-up tries again
        else:
            self._check(key, contract, response, rows)
        self.verdicts.prove(key, contract.version, signature)

    def _check(
        self, key: ModelKey, contract: Contract, response: predict_pb2.PredictResponse, rows: int
    ) -> None:
        try:
            split(contract.outputs, response.outputs, rows)
        except ModelFailed as error:
            raise self.verdicts.reject(key, contract.version, error.message) from None

    async def _probe(
        self, model: Model, lane: Lane, contract: Contract, rows: int
    ) -> predict_pb2.PredictResponse:
        """Return the answer to ``rows`` black pictures."""
        pinned = Lane(ModelKey(lane.model.name, version=contract.version), lane.signature)
        width, height = model.width or _PROBE_SIDE, model.height or _PROBE_SIDE
        if isinstance(contract.input, BytesInput):
            message = request.of_pictures(pinned, contract, [_black_png(width, height)] * rows)
        else:
            size = contract.input.height or height, contract.input.width or width
            shape = (rows, *size, contract.input.channels)
            message = request.of_pixels(pinned, contract, np.zeros(shape, contract.input.dtype))
        response, _ = await self._channel.predict(message, self._timeout_s)
        return response


def _answers_with_names(signatures: Sequence[signature.Signature]) -> bool:
    outputs = (one.outputs.get("classes") for one in signatures)
    return any(spec is not None and spec.dtype == types_pb2.DT_STRING for spec in outputs)


def _black_png(width: int, height: int) -> bytes:
    png = io.BytesIO()
    Image.new("RGB", (width, height)).save(png, "PNG")
    return png.getvalue()
