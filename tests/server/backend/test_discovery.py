"""Models learnt from a model server, and nothing else."""

from __future__ import annotations

import grpc
import numpy as np
import pytest

from server.backend.description import DescriptionError
from server.backend.serving import TensorFlowServing
from server.backend.signature import read
from server.backend.stubs import get_model_metadata_pb2
from server.core.answers import Classification
from server.core.errors import BackendUnavailable, ModelUnavailable, UnknownModel, UnusableModel
from server.core.messages import Frame
from server.core.model import ModelKey
from tests.server.backend.puppet_models import (
    BYTES,
    DESCRIPTION,
    DETECTION,
    describe,
    detect,
    detector,
    rows,
    single,
)
from tests.server.backend.puppet_server import (
    FLOAT,
    STRING,
    UINT8,
    Puppet,
    PuppetModel,
    Spec,
    signature,
)

DIGITS = ModelKey("digits")


async def test_described_model(puppet: Puppet, backend: TensorFlowServing) -> None:
    puppet.models["digits", None] = detector()
    model = await backend.discover(DIGITS)
    assert (model.key, model.version, model.task) == (DIGITS, 7, "detection")
    assert model.labels == ("zero", "one", "two")
    assert (model.width, model.height) == (8, 8)
    assert {lane.signature for lane in model.lanes.values()} == {
        "serving_default",
        "serving_pixels",
    }
    assert {lane.max_batch for lane in model.lanes.values()} == {64}


async def test_label_and_version(puppet: Puppet, backend: TensorFlowServing) -> None:
    puppet.models["digits", None] = puppet.models["digits", "stable"] = detector()
    labelled = await backend.discover(ModelKey("digits", label="stable"))
    assert labelled.version == 7
    assert (await backend.discover(ModelKey("digits", version=7))).version == 7
    for key in (
        ModelKey("digits", label="canary"),
        ModelKey("digits", version=9),
        ModelKey("letters"),
        ModelKey(""),
    ):
        with pytest.raises(UnknownModel) as caught:
            await backend.discover(key)
        assert caught.value.message == f"the model server has no model {key}"
        assert "ervable" in str(caught.value)


async def test_description_is_of_the_version_that_was_found(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    """Between two calls a new version may come up; labels and signatures must not mix."""
    old, new = detector(7), detector(8, {**DESCRIPTION, "labels": ["new"]})

    def replaced(request: object) -> dict[str, bytes]:
        raise AssertionError("version 7 was asked for its description after it had gone")

    old.answer["describe"] = replaced
    puppet.models["digits", None] = old
    find = puppet.find

    def find_and_swap(spec: object, context: object) -> PuppetModel:
        model = find(spec, context)
        puppet.models["digits", None] = new
        return model

    puppet.find = find_and_swap  # type: ignore[method-assign]
    model = await backend.discover(DIGITS)
    assert (model.version, model.labels) == (8, ("new",))


@pytest.mark.parametrize(
    ("description", "complaint"),
    [
        ({**DESCRIPTION, "task": "poetry"}, "task must be one of"),
        ({**DESCRIPTION, "schema": 2}, "schema must be 1"),
        ([1], "not a JSON object"),
        ({**DESCRIPTION, "input": {"width": 320, "height": 240}}, "320x240"),
    ],
)
async def test_broken_description_is_an_error_that_names_the_field(
    puppet: Puppet, backend: TensorFlowServing, description: dict[str, object], complaint: str
) -> None:
    puppet.models["digits", None] = detector(description=description)
    with pytest.raises(UnusableModel, match=complaint):
        await backend.discover(DIGITS)


def test_broken_signatures() -> None:
    """The answer can be read, but not what is packed in it."""
    metadata = get_model_metadata_pb2.GetModelMetadataResponse()
    packed = metadata.metadata["signature_def"]
    packed.Pack(get_model_metadata_pb2.SignatureDefMap())
    packed.value = b"\xff"
    with pytest.raises(UnusableModel, match="broken"):
        read(metadata)


@pytest.mark.parametrize("values", [np.zeros((0,), "S1"), np.array([b"{}", b"{}"])])
async def test_description_of_another_shape(
    puppet: Puppet, backend: TensorFlowServing, values: object
) -> None:
    model = puppet.models["digits", None] = detector()
    model.answer["describe"] = lambda request: {"description": values}
    with pytest.raises(UnusableModel, match="invalid description"):
        await backend.discover(DIGITS)


async def test_a_model_that_fails_to_describe_itself_is_unavailable(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    model = puppet.models["digits", None] = detector()

    def fail(request: object) -> dict[str, object]:
        raise RuntimeError("out of memory")

    model.answer["describe"] = fail
    with pytest.raises(ModelUnavailable, match="did not describe itself"):
        await backend.discover(DIGITS)


async def test_settings_describe_a_model_that_does_not(puppet: Puppet) -> None:
    puppet.models["zoo", None] = single(
        {"input_tensor": (UINT8, (1, -1, -1, 3))}, DETECTION, detect
    )
    described = {"labels": ["person", "bicycle"], "input": {"width": 16, "height": 8}}
    backend = TensorFlowServing(puppet.address, descriptions={"zoo": described})
    model = await backend.discover(ModelKey("zoo"))
    assert (model.labels, model.width, model.height) == (("person", "bicycle"), 16, 8)
    inference = await backend.infer(model.lanes["rgb"], [Frame(1, "rgb", bytes(12), 2, 2)], 20.0)
    assert inference.answers[0].classes == [1], "class 2 of the zoo is the second label"
    await backend.close()


async def test_model_describes_itself_better_than_the_settings(puppet: Puppet) -> None:
    puppet.models["digits", None] = detector()
    backend = TensorFlowServing(puppet.address, descriptions={"digits": {"labels": ["no"]}})
    assert (await backend.discover(DIGITS)).labels == ("zero", "one", "two")
    await backend.close()


def test_wrong_settings_are_refused_at_once() -> None:
    with pytest.raises(DescriptionError, match="zoo: first_class must be"):
        TensorFlowServing("127.0.0.1:1", descriptions={"zoo": {"first_class": "one"}})


async def test_signature_named_describe_that_describes_nothing(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    model = puppet.models["digits", None] = detector(description=None)
    model.signatures["describe"] = signature({"image": BYTES}, {"caption": (STRING, (-1,))})
    assert (await backend.discover(DIGITS)).labels == ()


async def test_unusable_model_says_what_it_offers(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    outputs: dict[str, Spec] = {"y": (FLOAT, (-1,))}
    puppet.models["half", None] = single({"x": (FLOAT, (-1,))}, outputs, None)
    with pytest.raises(UnusableModel, match=r"serving_default\(x: float32\[\?\]\) -> y"):
        await backend.discover(ModelKey("half"))


async def test_input_with_a_default_need_not_be_sent(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    inputs = {"image": BYTES, "threshold": (FLOAT, ())}
    model = puppet.models["digits", None] = single(inputs, DETECTION, detect)
    model.signatures["serving_default"].defaults["threshold"].float_val.append(0.5)
    found = await backend.discover(DIGITS)
    assert len((await backend.infer(found.lanes["jpeg"], [JPEG], 20.0)).answers) == 1


JPEG = Frame(1, "jpeg", b"jpeg", 8, 8)


@pytest.mark.parametrize(
    "code", [grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL]
)
async def test_model_server_that_tells_nothing(
    puppet: Puppet, backend: TensorFlowServing, code: grpc.StatusCode
) -> None:
    puppet.fail(code, "no")
    with pytest.raises(BackendUnavailable):
        await backend.discover(DIGITS)


async def test_model_server_that_takes_too_long(puppet: Puppet) -> None:
    puppet.models["digits", None] = detector()
    puppet.hold()
    backend = TensorFlowServing(puppet.address, discovery_timeout_s=0.1)
    with pytest.raises(BackendUnavailable):
        await backend.discover(DIGITS)
    await backend.close()


# Classifiers that answer with names

NAMES = (b"cat", b"dog", b"newt")
NAMED: dict[str, Spec] = {"classes": (STRING, (-1, 3)), "scores": (FLOAT, (-1, 3))}


def name(request: object) -> dict[str, object]:
    n = rows(request)
    return {
        "classes": np.tile(np.array(NAMES, object), (n, 1)),
        "scores": np.tile(np.array([0.125, 0.625, 0.25], "f"), (n, 1)),
    }


@pytest.mark.parametrize("picture", [BYTES, (UINT8, (-1, 8, 8, 3)), (FLOAT, (2, -1, -1, 1))])
async def test_names_are_learnt_at_discovery(
    puppet: Puppet, backend: TensorFlowServing, picture: Spec
) -> None:
    puppet.models["pets", None] = single({"image": picture}, NAMED, name)
    model = await backend.discover(ModelKey("pets"))
    assert (model.task, model.labels) == ("classification", ("cat", "dog", "newt"))
    lane = next(iter(model.lanes.values()))
    frame = JPEG if picture is BYTES else Frame(1, "gray", bytes(64), 8, 8)
    inference = await backend.infer(lane, [frame], 20.0)
    assert inference.answers == [Classification([1, 2, 0], [0.625, 0.25, 0.125])]


async def test_names_that_come_later_are_added(puppet: Puppet, backend: TensorFlowServing) -> None:
    model = puppet.models["pets", None] = single({"image": BYTES}, NAMED, name)

    def refuse(request: object) -> dict[str, object]:
        raise ValueError("not a picture that I like")

    model.answer["serving_default"] = refuse
    found = await backend.discover(ModelKey("pets"))
    assert found.labels == ()
    model.answer["serving_default"] = name
    inference = await backend.infer(found.lanes["jpeg"], [JPEG], 20.0)
    assert inference.answers == [Classification([0, 1, 2], [0.625, 0.25, 0.125])]
    assert inference.labels == ("dog", "newt", "cat")
    assert (await backend.discover(ModelKey("pets"))).labels == ("dog", "newt", "cat")


async def test_described_labels_keep_their_place(
    puppet: Puppet, backend: TensorFlowServing
) -> None:
    model = puppet.models["pets", None] = single({"image": BYTES}, NAMED, name)
    model.signatures["describe"], model.answer["describe"] = describe(
        {"schema": 1, "task": "classification", "labels": ["newt", "dog"]}
    )
    found = await backend.discover(ModelKey("pets"))
    assert found.labels == ("newt", "dog")
    answers = (await backend.infer(found.lanes["jpeg"], [JPEG], 20.0)).answers
    assert answers == [Classification([1, 0, 2], [0.625, 0.25, 0.125])]
