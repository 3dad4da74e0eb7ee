"""Models whose answers could never reach a client, found by their metadata alone."""

from __future__ import annotations

from typing import Any

import pytest

from server.backend.labels import Labels
from server.backend.selection import Selection, select
from server.backend.signature import Signature, TensorSpec, read
from server.backend.stubs import get_model_metadata_pb2, meta_graph_pb2, types_pb2
from server.core.errors import UnusableModel
from tests.server.backend.puppet_server import INT64
from tests.server.backend.test_selection import (
    BYTES,
    DETECTION,
    FLOAT,
    KEY,
    PREDICT,
    STRING,
    UINT8,
    Description,
    Spec,
    chosen,
    signature,
)

SCORES: dict[str, Spec] = {"scores": (FLOAT, (-1, 5))}


def detection(**changed: Spec) -> dict[str, Spec]:
    return {**DETECTION, **{f"detection_{name}": spec for name, spec in changed.items()}}


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        # Values that no message can carry
        ({"c": (types_pb2.DT_COMPLEX64, (-1, 2))}, r"'c' is complex64\[\?,2\]; .* numbers or str"),
        ({"c": (types_pb2.DT_COMPLEX128, (-1, 2))}, "complex128"),
        ({"v": (types_pb2.DT_VARIANT, (-1,))}, "variant"),
        ({"v": (types_pb2.DT_RESOURCE, ())}, "resource"),
        ({"q": (types_pb2.DT_QUINT8, (-1, 4))}, "quint8"),
        ({"good": (FLOAT, (-1, 4)), "x": (types_pb2.DT_COMPLEX64, (-1,))}, "'x' is complex64"),
        # Strings where numbers are needed
        (detection(boxes=(STRING, (-1, 2, 4))), r"'detection_boxes' is string.* must have numbers"),
        (detection(classes=(STRING, (-1, 2))), "'detection_classes' is string"),
        (detection(scores=(types_pb2.DT_COMPLEX64, (-1, 2))), "'detection_scores' is complex64"),
        ({**SCORES, "classes": (types_pb2.DT_VARIANT, (-1, 5))}, "'classes' is variant"),
        # Boxes, scores and classes that do not belong together
        (detection(scores=(FLOAT, (-1, 3))), "2 detection_boxes and 3 detection_scores"),
        (detection(classes=(INT64, (-1, 9))), "2 detection_boxes and 9 detection_classes"),
        (detection(boxes=(FLOAT, (-1, 2, 5))), r"2,5\]; it must be \[N,K,4\]"),
        (detection(boxes=(FLOAT, (-1, 8))), r"it must be \[N,K,4\]"),
        (detection(scores=(FLOAT, (-1, 2, 1))), r"it must be \[N,K\]"),
        # The batch dimension is lost
        (detection(boxes=(FLOAT, (2, 4))), r"float32\[2,4\]; it must be \[N,K,4\], a row for each"),
        (detection(scores=(FLOAT, (2,))), r"it must be \[N,K\]"),
        ({"rows": (FLOAT, (100, 7))}, "100 rows for any number of pictures, not one for each"),
        ({"scores": (FLOAT, (3, 5))}, "3 rows for any number of pictures"),
        ({"good": (FLOAT, (-1, 4)), "rows": (INT64, (100,))}, "'rows' is int64"),
        ({"none": (FLOAT, (0, 4))}, "0 rows"),
    ],
)
def test_outputs_that_cannot_be_handed_on(outputs: dict[str, Spec], words: str) -> None:
    with pytest.raises(UnusableModel, match=words) as caught:
        chosen(signature(BYTES, outputs))
    assert str(caught.value).startswith("model digits cannot be used: signature 'serving_default'")


@pytest.mark.parametrize("kind", ["ragged", "sparse"])
def test_outputs_that_are_no_tensors(kind: str) -> None:
    outputs = {"r": TensorSpec(FLOAT, (None, None), kind)}
    broken = Signature("serving_default", PREDICT, signature(BYTES).inputs, outputs)
    with pytest.raises(UnusableModel, match=rf"'r' is {kind} float32\[\?,\?\], not a tensor"):
        chosen(broken)


@pytest.mark.parametrize(
    ("outputs", "max_batch"),
    [
        ({"rows": (FLOAT, (-1, 7))}, None),
        ({"scalar": (FLOAT, ()), "rows": (FLOAT, (-1, 7))}, None),
        ({"names": (STRING, (-1,))}, None),
        ({"half": (types_pb2.DT_BFLOAT16, (-1, 7))}, None),
        ({**SCORES, "classes": (STRING, (-1, 5))}, None),
        ({**SCORES, "classes": (INT64, (-1,))}, None),
        ({**SCORES, "debug": (types_pb2.DT_COMPLEX64, (-1,))}, None),
        (detection(boxes=(FLOAT, None), scores=(FLOAT, (-1, -1))), None),
        ({**DETECTION, "num_detections": (INT64, (-1, 1))}, None),
        # One row at all times: one picture a call.
        ({"embedding": (FLOAT, (1, 7))}, 1),
        (detection(boxes=(FLOAT, (1, 2, 4)), scores=(FLOAT, (1, 2))), 1),
    ],
)
def test_outputs_that_can_be_handed_on(outputs: dict[str, Spec], max_batch: int | None) -> None:
    [lane] = chosen(signature(BYTES, outputs)).contracts
    assert lane.max_batch == max_batch


def test_a_fixed_batch_has_as_many_rows() -> None:
    four: Spec = (UINT8, (4, 8, 8, 3))
    [lane] = chosen(signature(four, {"rows": (FLOAT, (4, 7))})).contracts
    assert lane.max_batch == 4
    with pytest.raises(UnusableModel, match="1 row for 4 pictures"):
        chosen(signature(four, {"rows": (FLOAT, (1, 7))}))


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((-1, 3, -1, -1), False),
        ((-1, 1, 8, 8), False),
        ((-1, 3, 8, 8), False),
        ((1, 3, -1, 8), False),
        ((-1, -1, -1, -1), True),  # an answer has to tell
        ((-1, -1, -1, 3), True),
        ((-1, 3, 3, 3), True),
        ((-1, 1, 8, 1), True),
    ],
)
def test_channels_first(shape: tuple[int, ...], fits: bool) -> None:
    taken = signature((FLOAT, shape), {"y": (FLOAT, (-1, 5))})
    if fits:
        assert chosen(taken).model.task == "tensors"
        return
    with pytest.raises(UnusableModel, match=r"has the channels first; .* \[N,H,W,3\]"):
        chosen(taken)
    # It does no harm beside one that fits.
    assert chosen(taken, signature(BYTES, name="bytes")).model.formats == ("jpeg", "png")


def labelled(outputs: dict[str, Spec], labels: int, **described: Any) -> Selection:
    names = tuple(f"class {number}" for number in range(labels))
    described_as = Description(labels=names, **described)
    return select(KEY, 7, [signature(BYTES, outputs)], described_as, Labels(names))


@pytest.mark.parametrize(("labels", "fits"), [(0, True), (4, False), (5, True), (6, True)])
def test_more_scores_than_labels(labels: int, fits: bool) -> None:
    if fits:
        assert len(labelled(SCORES, labels).model.labels) == labels
    else:
        with pytest.raises(UnusableModel, match="'scores' has 5 classes, for 4 labels"):
            labelled(SCORES, labels)


def test_a_signature_at_fault_is_passed_over_for_one_that_fits() -> None:
    fault = signature(BYTES, {"c": (types_pb2.DT_COMPLEX64, (-1,))})
    selection = chosen(fault, signature(BYTES, SCORES, "other"))
    assert {lane.signature for lane in selection.contracts} == {"other"}


def test_metadata_of_a_ragged_and_a_sparse_output() -> None:
    definition = meta_graph_pb2.SignatureDef(method_name=PREDICT)
    spec = definition.outputs["ragged"].composite_tensor.type_spec
    spec.type_spec_class = spec.RAGGED_TENSOR_SPEC
    definition.outputs["sparse"].coo_sparse.values_tensor_name = "values:0"
    definition.outputs["dense"].name = "dense:0"
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    packed = get_model_metadata_pb2.SignatureDefMap(signature_def={"serving_default": definition})
    response.metadata["signature_def"].Pack(packed)
    [found] = read(response)
    encodings = {alias: output.encoding for alias, output in found.outputs.items()}
    assert encodings == {"ragged": "ragged", "sparse": "sparse", "dense": ""}
