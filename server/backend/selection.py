"""Choose, among a model's signatures, those that pictures can be sent to.

A signature is chosen by its inputs and outputs. Its name decides only between several
that fit: ``serving_default`` comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from server.backend import validation
from server.backend.contract import (
    BytesInput,
    Contract,
    DetectionOutputs,
    Input,
    Outputs,
    PixelsInput,
)
from server.backend.description import Description, Scale
from server.backend.labels import Labels
from server.backend.outputs import TASK_ORDER, missing, outputs_of
from server.backend.signature import Signature, TensorSpec
from server.backend.stubs import types_pb2
from server.core.errors import UnusableModel
from server.core.messages import FORMATS
from server.core.model import Lane, Model, ModelKey

# What TensorFlow's decode_image reads of the wire's formats.
_GRAPH_FORMATS = ("jpeg", "png")
# The default scale of float32 pixels: 0..1.
_UNIT_SCALE = Scale((0.0,), (255.0,))
_MAX_OFFER_CHARS = 600


@dataclass(frozen=True, slots=True)
class Candidate:
    """A signature that fits, and how to call it."""

    signature: str
    input: Input
    outputs: Outputs
    certain: bool
    known_layout: bool

    def rank(self) -> tuple[bool, int, str]:
        """Return a sort key: the smaller, the better."""
        return (
            self.signature != "serving_default",
            TASK_ORDER.index(self.outputs.task),
            self.signature,
        )

    def contract(self, version: int) -> Contract:
        """Return how to call it in ``version``."""
        return Contract(version, self.input, self.outputs, self.certain, self.known_layout)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a model has: signatures that fit, best first, and why others do not.

    ``contradictions`` are those of a description and a graph, ``faults`` those of a graph alone.
    """

    candidates: Sequence[Candidate]
    contradictions: Sequence[UnusableModel]
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class Selection:
    """A model, and the contract of each of its lanes."""

    model: Model
    contracts: Mapping[Lane, Contract]

    def of_signature(self, name: str) -> Contract | None:
        """Return the contract of a signature, whatever its lane is called."""
        found = (c for lane, c in self.contracts.items() if lane.signature == name)
        return next(found, None)


def select(
    key: ModelKey,
    version: int,
    signatures: Sequence[Signature],
    description: Description,
    labels: Labels,
) -> Selection:
    """Match a model's signatures to the wire's formats. Raises UnusableModel."""
    offer = _candidates(signatures, description, labels)
    best = _one_of_each_kind(offer.candidates)
    pixels = any(isinstance(candidate.input, PixelsInput) for candidate in best)
    if offer.contradictions and not pixels:
        raise offer.contradictions[0]
    if not best and offer.faults:
        raise UnusableModel(f"model {key} cannot be used: {offer.faults[0]}")
    if not best:
        raise UnusableModel(_complaint(key, signatures, description))
    lanes: dict[str, Lane] = {}
    contracts: dict[Lane, Contract] = {}
    for candidate in best:
        lane = Lane(key, candidate.signature, _max_batch(candidate.input, description))
        contracts[lane] = candidate.contract(version)
        for name in _formats(candidate.input, description):
            lanes.setdefault(name, lane)
    width, height = _size(description, (c.input for c in contracts.values()))
    lanes = {name: lanes[name] for name in FORMATS if name in lanes}
    return Selection(
        Model(
            key,
            version,
            best[0].outputs.task,
            labels.names,
            width,
            height,
            lanes,
            description.resize,
            description.skeleton,
            description.palette,
            description.multi_label,
            description.unit,
            description.then,
            any(isinstance(c.outputs, DetectionOutputs) and bool(c.outputs.masks) for c in best),
        ),
        contracts,
    )


def _candidates(signatures: Sequence[Signature], description: Description, labels: Labels) -> Offer:
    candidates: list[Candidate] = []
    contradictions: list[UnusableModel] = []
    faults: dict[str, str] = {}
    for signature in signatures:
        try:
            taken = _input(signature, description)
        except UnusableModel as error:
            contradictions.append(error)
            continue
        outputs = outputs_of(signature, description, labels)
        fault = _fault(signature, taken, outputs, description)
        if fault is not None:
            faults[signature.name] = f"signature {signature.name!r}: {fault}"
        elif taken is not None and outputs is not None:
            candidates.append(_candidate(signature, taken, outputs))
    ranked = sorted(faults, key=lambda name: (name != "serving_default", name))
    return Offer(
        sorted(candidates, key=Candidate.rank), contradictions, [faults[name] for name in ranked]
    )


def _candidate(signature: Signature, taken: Input, outputs: Outputs) -> Candidate:
    return Candidate(
        signature.name,
        validation.bounded(signature, taken, outputs),
        outputs,
        validation.is_certain(signature, taken, outputs),
        validation.is_known_layout(signature),
    )


def _fault(
    signature: Signature, taken: Input | None, outputs: Outputs | None, description: Description
) -> str | None:
    """Return why no frame can be answered by a signature that takes pictures."""
    if taken is not None:
        lacking = missing(signature, description)
        if lacking is not None or outputs is None:
            return lacking
        return validation.outputs_fault(signature, taken, outputs)
    specs = list(signature.inputs.values())
    return validation.layout_fault(specs[0]) if len(specs) == 1 else None


def _one_of_each_kind(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the best that takes bytes and the best that takes pixels, both of one task."""
    tasks = [candidate.outputs.task for candidate in candidates[:1]]
    of_kind = (
        [c for c in candidates if isinstance(c.input, kind) and c.outputs.task in tasks]
        for kind in (BytesInput, PixelsInput)
    )
    return [fitting[0] for fitting in of_kind if fitting]


# Inputs


def _input(signature: Signature, description: Description) -> Input | None:
    if not signature.predicts or len(signature.inputs) != 1:
        return None
    [(alias, spec)] = signature.inputs.items()
    if spec.dtype == types_pb2.DT_STRING:
        return _bytes_input(alias, spec)
    if spec.dtype in (types_pb2.DT_UINT8, types_pb2.DT_FLOAT):
        return _pixels_input(signature.name, alias, spec, description)
    return None


def _bytes_input(alias: str, spec: TensorSpec) -> BytesInput | None:
    if spec.shape is None:
        return BytesInput(alias, None)
    return BytesInput(alias, spec.shape[0]) if len(spec.shape) == 1 else None


def _pixels_input(
    signature: str, alias: str, spec: TensorSpec, description: Description
) -> PixelsInput | None:
    if spec.shape is None or len(spec.shape) != 4 or spec.shape[3] not in (None, 1, 3):
        return None
    if validation.layout_fault(spec):
        return None
    rows, height, width, channels = spec.shape
    channels = channels or 3
    _check_size(signature, spec, description)
    return PixelsInput(
        alias,
        rows,
        width or description.width,
        height or description.height,
        channels,
        description.resize,
        _scale(spec, channels, description),
    )


def _check_size(signature: str, spec: TensorSpec, description: Description) -> None:
    """Raise UnusableModel if the description contradicts the graph: then neither is reliable."""
    assert spec.shape is not None
    sizes = ((description.height, spec.shape[1]), (description.width, spec.shape[2]))
    for described, size in sizes:
        if described is not None and size is not None and described != size:
            raise UnusableModel(
                f"the description says {description.width}x{description.height} pixels, "
                f"but the signature {signature!r} takes {spec.shape[2]}x{spec.shape[1]}"
            )


def _scale(spec: TensorSpec, channels: int, description: Description) -> Scale | None:
    if spec.dtype == types_pb2.DT_UINT8:
        return None
    scale = description.scale or _UNIT_SCALE
    if max(len(scale.mean), len(scale.std)) > channels:
        raise UnusableModel(f"input.scale has 3 values, but the input has {channels} channel")
    return scale


# The model as a whole


def _max_batch(taken: Input, description: Description) -> int | None:
    bounds = [taken.rows, description.max_batch]
    if isinstance(taken, PixelsInput) and not taken.one_size:
        bounds.append(1)
    return min((bound for bound in bounds if bound is not None), default=None)


def _formats(taken: Input, description: Description) -> tuple[str, ...]:
    if isinstance(taken, PixelsInput):
        return FORMATS
    return _GRAPH_FORMATS if description.formats is None else description.formats


def _size(description: Description, inputs: Iterable[Input]) -> tuple[int | None, int | None]:
    if description.width is not None:
        return description.width, description.height
    for taken in inputs:
        if isinstance(taken, PixelsInput) and taken.one_size:
            return taken.width, taken.height
    return None, None


def _complaint(key: ModelKey, signatures: Sequence[Signature], description: Description) -> str:
    pictures = f"pictures for {description.task}" if description.task else "pictures"
    offer = "; ".join(str(signature) for signature in signatures) or "no signatures"
    if len(offer) > _MAX_OFFER_CHARS:
        offer = offer[: _MAX_OFFER_CHARS - 3] + "..."
    return f"no signature of model {key} takes {pictures} as its only input; it has {offer}"
