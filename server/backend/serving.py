"""The :class:`~server.backend.interface.Backend` for TensorFlow Serving and its like."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from server.backend import request
from server.backend.answers import split
from server.backend.channel import Channel
from server.backend.contract import ClassificationOutputs, Contract, Contracts, PixelsInput
from server.backend.description import Description, DescriptionError, from_fields
from server.backend.discovery import Discovery
from server.backend.failures import SignatureChanged
from server.backend.health import check
from server.backend.interface import CallTiming, Inference, LaneChanged
from server.backend.labels import LabelTable
from server.backend.pixels import Decoder, Placement, needs_encoding
from server.backend.selection import Selection
from server.backend.stubs import predict_pb2
from server.core.answers import Answer
from server.core.errors import BatchRejected, FramewireError, ModelFailed, UnusableModel
from server.core.lanes import lane_of
from server.core.messages import Frame
from server.core.model import Lane, Model, ModelKey

# The share of a call's time that decoding in the gateway may take; the rest is the
# model server's.
_DECODING = 0.6


@dataclass(frozen=True, slots=True)
class Shared:
    """What model servers that answer for one another have in common. Its owner closes it."""

    fallbacks: Mapping[str, Description]
    decoder: Decoder
    labels: LabelTable

    @classmethod
    def of(
        cls, descriptions: Mapping[str, Mapping[str, Any]] | None, decode_threads: int | None
    ) -> Shared:
        """Return what one or several model servers need. Raises DescriptionError."""
        fallbacks = {name: _fallback(name, fields) for name, fields in (descriptions or {}).items()}
        return cls(fallbacks, Decoder(decode_threads), LabelTable())

    def close(self) -> None:
        """End the threads."""
        self.decoder.close()


class TensorFlowServing:
    """One model server at ``address`` (``host:port`` or ``unix:path``).

    ``descriptions`` are those of models without a ``describe`` signature, by name, in the
    same form; an invalid one raises DescriptionError, a ValueError that names the field.
    ``decode_threads`` (None: one per core) is how many pictures are decoded at once;
    ``discovery_timeout_s`` limits each call of :meth:`discover`. ``shared`` is what several model
    servers have in common, instead of ``descriptions`` and ``decode_threads``.

    Use it from one event loop only.
    """

    def __init__(
        self,
        address: str,
        *,
        descriptions: Mapping[str, Mapping[str, Any]] | None = None,
        decode_threads: int | None = None,
        discovery_timeout_s: float = 5.0,
        shared: Shared | None = None,
    ) -> None:
        self.address = address
        self._owns_shared = shared is None
        self._shared = shared = shared or Shared.of(descriptions, decode_threads)
        self._channel = Channel(address)
        self._discovery = Discovery(
            self._channel, shared.fallbacks, discovery_timeout_s, shared.labels
        )
        self.cut = shared.decoder.cut
        self._contracts = Contracts()

    async def discover(self, key: ModelKey) -> Model:
        """Learn the model from GetModelMetadata and its ``describe`` signature."""
        selection = await self._discovery.discover(key)
        self._add(selection)
        return selection.model

    def _add(self, selection: Selection) -> None:
        for lane, contract in selection.contracts.items():
            self._contracts.add(lane, contract)

    async def infer(
        self, lane: Lane, frames: Sequence[Frame], timeout_s: float, call: object = None
    ) -> Inference:
        """Send one Predict call; see :class:`~server.backend.interface.Backend`."""
        deadline = time.monotonic() + timeout_s
        contract = self._contracts.newest(lane)
        if contract is None:
            model = await self._learn(lane, frames)
            return await self._infer_learnt(model, lane, frames, deadline)
        try:
            return await self._infer(lane, contract, frames, deadline)
        except (BatchRejected, ModelFailed) as error:
            if not await self._replaced(lane, contract, error, deadline):
                raise
            model = await self._learn_anew(lane, frames, error)
        return await self._infer_learnt(model, lane, frames, deadline)

    async def _infer_learnt(
        self, model: Model, lane: Lane, frames: Sequence[Frame], deadline: float
    ) -> Inference:
        """Send frames to a version that has just been learnt, which their answer then tells."""
        contract = self._contracts.newest(lane)
        assert contract is not None
        inference = await self._infer(lane, contract, frames, deadline)
        same = inference.model_version == model.version
        return replace(inference, model=model) if same else inference

    def _infer(
        self, lane: Lane, contract: Contract, frames: Sequence[Frame], deadline: float
    ) -> Awaitable[Inference]:
        if isinstance(contract.input, PixelsInput):
            return self._infer_pixels(lane, contract, contract.input, frames, deadline)
        if any(map(needs_encoding, frames)):
            return self._infer_encoded(lane, contract, frames, deadline)
        return self._infer_pictures(lane, contract, [f.data for f in frames], deadline)

    async def _infer_pictures(
        self, lane: Lane, contract: Contract, pictures: Sequence[bytes], deadline: float
    ) -> Inference:
        message = request.of_pictures(lane, contract, pictures)
        left_s = deadline - time.monotonic()  # a frame's way: no call of its own
        response, timing = await self._channel.predict(message, left_s)
        return await self._inference(lane, contract, response, timing, len(pictures))

    async def _infer_encoded(
        self, lane: Lane, contract: Contract, frames: Sequence[Frame], deadline: float
    ) -> Inference:
        """Check or turn the pictures that need it before a graph decodes them."""
        outcomes = await self._shared.decoder.encode(frames, _DECODING * _left(deadline))
        pictures = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
        if not pictures:
            return _none_answered(contract, outcomes)
        inference = await self._infer_pictures(lane, contract, pictures, deadline)
        return _merged(inference, outcomes)

    async def check(self, name: str | None, timeout_s: float) -> str:
        """Return why this model server takes no calls now, or an empty text if it does.

        Raises BackendUnavailable if it does not answer; see :mod:`server.backend.health`.
        """
        return await check(self._channel, name, timeout_s)

    def watch(self, changed: Callable[[bool], None]) -> None:
        """Call ``changed(reachable)`` on the loop when the connection is made or lost.

        What is connected anew may have other contents under the same version number.
        """

        def on_change(reachable: bool) -> None:
            if reachable:
                self._discovery.verdicts.clear()
            changed(reachable)

        self._channel.watch(on_change)

    async def close(self) -> None:
        """Close the connection and end the threads."""
        await self._channel.close()
        if self._owns_shared:
            self._shared.close()

    async def _learn(self, lane: Lane, frames: Sequence[Frame]) -> Model:
        """Learn a lane whose contract is out of date, or was evicted.

        Raises LaneChanged if ``frames`` travel in another lane now.
        """
        model = await self.discover(lane.model)
        known = self._contracts.newest(lane) is not None
        if not known or any(lane_of(model, frame) != lane for frame in frames):
            raise LaneChanged(model)
        return model

    async def _learn_anew(self, lane: Lane, frames: Sequence[Frame], error: Exception) -> Model:
        """Learn a new version, so that its frames do not fail."""
        self._contracts.forget(lane)
        try:
            return await self._learn(lane, frames)
        except (LaneChanged, UnusableModel):
            raise
        except FramewireError:
            raise error from None

    async def _replaced(
        self, lane: Lane, contract: Contract, error: Exception, deadline: float
    ) -> bool:
        """Return whether a call failed because the contract's version is not served any more.

        A signature's change shows in the error, if the model server checks it. If the graph
        stumbles over it instead, the error blames the pictures.
        """
        if isinstance(error, SignatureChanged):
            return True
        try:
            return await self._discovery.version(lane.model, _left(deadline)) != contract.version
        except FramewireError:
            return False

    async def _learn_version(self, lane: Lane, version: int) -> Selection | None:
        """Learn the version that has answered, so that it is not read like the one before."""
        try:
            selection = await self._discovery.discover(lane.model)
        except UnusableModel:
            raise
        except FramewireError:
            return None
        self._add(selection)
        return selection if selection.model.version == version else None

    async def _infer_pixels(
        self,
        lane: Lane,
        contract: Contract,
        pixels_input: PixelsInput,
        frames: Sequence[Frame],
        deadline: float,
    ) -> Inference:
        pixels = await self._shared.decoder.decode(
            frames, pixels_input, _DECODING * _left(deadline)
        )
        placements = [place for place in pixels.outcomes if isinstance(place, Placement)]
        if not placements:
            return _none_answered(contract, pixels.outcomes)
        sent = request.of_pixels(lane, contract, pixels.values)
        response, timing = await self._channel.predict(sent, _left(deadline))
        inference = await self._inference(
            lane, contract, response, timing, len(placements), placements
        )
        return _merged(inference, pixels.outcomes)

    async def _inference(
        self,
        lane: Lane,
        contract: Contract,
        response: predict_pb2.PredictResponse,
        timing: CallTiming,
        count: int,
        placements: Sequence[Placement] | None = None,
    ) -> Inference:
        version = int(response.model_spec.version.value)
        known = self._contracts.of_version(lane, version)
        learnt = None if known else await self._learn_version(lane, version)
        if learnt is not None:
            known = learnt.of_signature(lane.signature)
        try:
            # A version that cannot be learnt is read like the known one.
            read_as = known or contract
            answers = _answers(read_as, response, count, placements)
            model, outputs = learnt.model if learnt else None, read_as.outputs
            labels = outputs.labels.names if isinstance(outputs, ClassificationOutputs) else ()
            return Inference(version, answers, model, timing, labels)
        except ModelFailed as error:
            if known is not contract:  # what the request asked for is not what this version has
                raise SignatureChanged(
                    f"version {version} returns other outputs: {error}"
                ) from None
            raise self._discovery.verdicts.reject(lane.model, version, error.message) from None


def _none_answered(contract: Contract, outcomes: Sequence[object]) -> Inference:
    errors = [outcome for outcome in outcomes if isinstance(outcome, FramewireError)]
    return Inference(contract.version, errors)


def _merged(inference: Inference, outcomes: Sequence[object]) -> Inference:
    """Return ``inference`` for all frames, with the errors of those that were never sent."""
    answers = iter(inference.answers)
    merged = [
        outcome if isinstance(outcome, FramewireError) else next(answers) for outcome in outcomes
    ]
    return replace(inference, answers=merged)


def _answers(
    contract: Contract,
    response: predict_pb2.PredictResponse,
    count: int,
    placements: Sequence[Placement] | None,
) -> Sequence[Answer]:
    rows = contract.input.rows or count
    if placements is not None:
        placements = [*placements, *[placements[-1]] * (rows - count)]
    return split(contract.outputs, response.outputs, rows, placements)[:count]


def _left(deadline: float) -> float:
    return deadline - time.monotonic()


def _fallback(name: str, fields: Mapping[str, Any]) -> Description:
    try:
        return from_fields(fields)
    except DescriptionError as error:
        raise DescriptionError(f"{name}: {error}") from None
