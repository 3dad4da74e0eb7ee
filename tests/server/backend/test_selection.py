"""Which signatures are taken, by what they take and give."""

from __future__ import annotations

from typing import Any

import pytest

from server.backend.contract import (
    BytesInput,
    ClassificationOutputs,
    Contract,
    DetectionOutputs,
    PixelsInput,
)
from server.backend.description import Description, Scale
from server.backend.labels import Labels
from server.backend.selection import Selection, select
from server.backend.signature import Signature, TensorSpec
from server.backend.stubs import types_pb2
from server.core.errors import UnusableModel
from server.core.messages import FORMATS
from server.core.model import ModelKey
from tests.server.backend.puppet_models import BYTES, DETECTION
from tests.server.backend.puppet_server import FLOAT, INT64, STRING, UINT8, Spec

KEY = ModelKey("digits")
PIXELS: Spec = (UINT8, (-1, 8, 8, 3))
PREDICT = "tensorflow/serving/predict"


def specs(given: dict[str, Spec]) -> dict[str, TensorSpec]:
    return {
        alias: TensorSpec(
            dtype, None if shape is None else tuple(None if s < 0 else s for s in shape)
        )
        for alias, (dtype, shape) in given.items()
    }


def signature(
    inputs: Spec | dict[str, Spec],
    outputs: dict[str, Spec] = DETECTION,
    name: str = "serving_default",
    method: str = PREDICT,
) -> Signature:
    if not isinstance(inputs, dict):
        inputs = {"image": inputs}
    return Signature(name, method, specs(inputs), specs(outputs))


def chosen(*signatures: Signature, **described: Any) -> Selection:
    description = Description(**described)
    return select(KEY, 7, signatures, description, Labels(description.labels))


def only(*signatures: Signature, **described: Any) -> Contract:
    """The contract of a model with one lane."""
    [contract] = chosen(*signatures, **described).contracts.values()
    return contract


def routes(selection: Selection) -> dict[str, str]:
    return {name: lane.signature for name, lane in selection.model.lanes.items()}


BOTH = (signature(BYTES), signature(PIXELS, name="serving_pixels"))


def test_bytes_take_what_the_graph_decodes_and_pixels_the_rest() -> None:
    selection = chosen(*BOTH, labels=("a", "b"))
    by_bytes, by_pixels = "serving_default", "serving_pixels"
    assert routes(selection) == {
        **dict.fromkeys(("jpeg", "png"), by_bytes),
        **dict.fromkeys(("webp", "rgba", "rgb", "gray"), by_pixels),
    }
    model = selection.model
    assert (model.key, model.version, model.task) == (KEY, 7, "detection")
    assert (model.width, model.height, model.labels) == (8, 8, ("a", "b"))
    assert {lane.max_batch for lane in model.lanes.values()} == {None}


def test_formats_say_what_the_graph_decodes() -> None:
    assert routes(chosen(*BOTH, formats=("jpeg",)))["png"] == "serving_pixels"
    assert routes(chosen(*BOTH, formats=("jpeg", "webp")))["webp"] == "serving_default"
    assert list(routes(chosen(BOTH[0], formats=("jpeg",)))) == ["jpeg"]


def test_bytes_alone() -> None:
    selection = chosen(signature(BYTES))
    assert list(routes(selection)) == ["jpeg", "png"]
    assert selection.model.width is selection.model.height is None
    assert only(signature(BYTES)).input == BytesInput("image", None)
    assert only(signature((STRING, None))).input == BytesInput("image", None)


def test_pixels_alone_take_every_format() -> None:
    selection = chosen(signature((UINT8, (-1, 6, 8, 3))))
    assert tuple(routes(selection)) == FORMATS
    assert (selection.model.width, selection.model.height) == (8, 6)


def test_zoo_detector_gets_frames_one_at_a_time_in_their_own_size() -> None:
    selection = chosen(signature({"input_tensor": (UINT8, (1, -1, -1, 3))}))
    [contract] = selection.contracts.values()
    assert contract.input == PixelsInput("input_tensor", 1, None, None, 3)
    assert isinstance(contract.outputs, DetectionOutputs)
    assert contract.outputs.first_class == 1
    assert {lane.max_batch for lane in selection.model.lanes.values()} == {1}
    assert selection.model.width is None


@pytest.mark.parametrize(
    ("shape", "described", "max_batch"),
    [
        ((-1, 8, 8, 3), {}, None),
        ((-1, 8, 8, 3), {"max_batch": 16}, 16),
        ((4, 8, 8, 3), {}, 4),
        ((4, 8, 8, 3), {"max_batch": 2}, 2),
        ((-1, -1, -1, 3), {}, 1),
        ((-1, 8, -1, 3), {}, 1),
        ((-1, -1, -1, 3), {"width": 8, "height": 8}, None),
    ],
)
def test_batch_bound(
    shape: tuple[int, ...], described: dict[str, Any], max_batch: int | None
) -> None:
    selection = chosen(signature((UINT8, shape)), **described)
    assert {lane.max_batch for lane in selection.contracts} == {max_batch}


def test_scale_of_float_pixels() -> None:
    taken = only(signature((FLOAT, (-1, 8, 8, 3)))).input
    assert isinstance(taken, PixelsInput)
    assert (taken.scale, taken.dtype) == (Scale((0.0,), (255.0,)), "float32")
    scale = Scale((1.0, 2.0, 3.0), (4.0,))
    described = only(signature((FLOAT, (-1, 8, 8, 3))), scale=scale, resize="letterbox").input
    assert isinstance(described, PixelsInput)
    assert (described.scale, described.resize) == (scale, "letterbox")
    whole = only(signature(PIXELS), scale=scale).input
    assert isinstance(whole, PixelsInput)
    assert (whole.scale, whole.dtype) == (None, "uint8")


def test_grey_and_unknown_channels() -> None:
    for channels, expected in ((1, 1), (3, 3), (-1, 3)):
        taken = only(signature((UINT8, (-1, 8, 8, channels)))).input
        assert isinstance(taken, PixelsInput)
        assert taken.channels == expected
    with pytest.raises(UnusableModel, match="3 values"):
        chosen(signature((FLOAT, (-1, 8, 8, 1))), scale=Scale((1.0, 2.0, 3.0), (1.0,)))


def test_description_that_contradicts_the_graph_is_refused() -> None:
    with pytest.raises(UnusableModel, match=r"320x240.*'serving_default' takes 8x8"):
        chosen(*BOTH[:1], signature(PIXELS), width=320, height=240)
    # Another signature may be of another size.
    selection = chosen(*BOTH, signature((UINT8, (-1, 64, 64, 3)), name="a"), width=8, height=8)
    assert routes(selection)["rgb"] == "serving_pixels"


@pytest.mark.parametrize(
    "unfit",
    [
        signature((STRING, ())),
        signature((STRING, (-1, 1))),
        signature({"image": BYTES, "key": BYTES}),
        signature({}),
        signature(BYTES, method="tensorflow/serving/classify"),
        signature((UINT8, (8, 8, 3))),
        signature((UINT8, None)),
        signature((INT64, (-1, 8, 8, 3))),
        signature(BYTES, outputs={}),
    ],
    ids=str,
)
def test_what_takes_no_pictures_is_listed(unfit: Signature) -> None:
    with pytest.raises(UnusableModel) as caught:
        chosen(unfit)
    assert str(unfit) in str(caught.value)
    # It does no harm beside one that fits.
    fitting = signature(BYTES, name="pictures")
    assert routes(chosen(unfit, fitting))["jpeg"] == "pictures"


def test_long_offer_is_cut() -> None:
    many = [signature((STRING, ()), name=f"signature_{i}") for i in range(100)]
    with pytest.raises(UnusableModel) as caught:
        chosen(*many)
    assert len(str(caught.value)) < 800


SCORES: dict[str, Spec] = {"scores": (FLOAT, (-1, 5))}
CURIOUS: dict[str, Spec] = {"embedding": (FLOAT, (-1, 64))}


def test_serving_default_goes_first_then_the_richer_task() -> None:
    named = [
        signature(BYTES, CURIOUS, "a"),
        signature(BYTES, SCORES, "b"),
        signature(BYTES, DETECTION, "c"),
    ]
    assert routes(chosen(*named))["jpeg"] == "c"
    assert routes(chosen(*named, signature(BYTES, SCORES)))["jpeg"] == "serving_default"
    assert chosen(*named, task="classification").model.task == "classification"
    assert routes(chosen(*named, task="tensors"))["jpeg"] == "a"


def test_both_lanes_have_one_task() -> None:
    selection = chosen(signature(BYTES), signature(PIXELS, SCORES, "scores"))
    assert set(routes(selection).values()) == {"serving_default"}


def test_described_task_that_no_signature_gives_is_refused() -> None:
    with pytest.raises(UnusableModel, match="pictures for classification"):
        chosen(*BOTH, task="classification")


@pytest.mark.parametrize(
    ("outputs", "scores", "logits"),
    [
        (SCORES, "scores", False),
        ({"logits": (FLOAT, (-1, 5))}, "logits", True),
        ({"logits": (FLOAT, (-1, 5)), "probabilities": (FLOAT, (-1, 5))}, "probabilities", False),
        ({"scores": (FLOAT, None)}, "scores", False),
    ],
)
def test_classifier_outputs(outputs: dict[str, Spec], scores: str, logits: bool) -> None:
    found = only(signature(BYTES, outputs)).outputs
    assert isinstance(found, ClassificationOutputs)
    assert (found.scores, found.logits, found.classes, found.first_class) == (
        scores,
        logits,
        None,
        0,
    )


def test_a_classifier_of_several_labels() -> None:
    selection = chosen(signature(BYTES, SCORES), multi_label=True)
    [contract] = selection.contracts.values()
    assert isinstance(contract.outputs, ClassificationOutputs)
    assert contract.outputs.multi_label
    assert selection.model.multi_label


def test_only_output_of_a_described_classifier_is_its_scores() -> None:
    keras = signature((FLOAT, (-1, 8, 8, 3)), {"dense_1": (FLOAT, (-1, 5))})
    assert only(keras).outputs.task == "tensors"
    found = only(keras, task="classification").outputs
    assert isinstance(found, ClassificationOutputs)
    assert found.scores == "dense_1"


def test_scores_of_another_shape_are_raw_tensors() -> None:
    assert only(signature(BYTES, {"scores": (FLOAT, (-1,))})).outputs.task == "tensors"
    assert (
        only(signature(BYTES, {"scores": (types_pb2.DT_INT32, (-1, 5))})).outputs.task == "tensors"
    )


def test_detector_may_lack_its_count() -> None:
    uncounted = {k: v for k, v in DETECTION.items() if k != "num_detections"}
    found = only(signature(BYTES, uncounted), first_class=0).outputs
    assert isinstance(found, DetectionOutputs)
    assert (found.count, found.first_class) == (None, 0)
