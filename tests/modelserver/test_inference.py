"""Classify, Regress and MultiInference on tf.Examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    model_pb2,
    regression_pb2,
)

from tests.modelserver.client import Client, refused, spec

CLASSIFY = "tensorflow/serving/classify"
REGRESS = "tensorflow/serving/regress"


def example(**values: float) -> Any:
    features = {
        name: tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        for name, value in values.items()
    }
    return tf.train.Example(features=tf.train.Features(feature=features))


def of(*values: float) -> Any:
    """An Input of one Example for each value."""
    listed = input_pb2.ExampleList(examples=[example(x=value) for value in values])
    return input_pb2.Input(example_list=listed)


def classify(client: Client, model: Any, inputs: Any) -> Any:
    request = classification_pb2.ClassificationRequest(model_spec=model, input=inputs)
    return client.prediction.Classify(request, timeout=30)


def regress(client: Client, model: Any, inputs: Any) -> Any:
    request = regression_pb2.RegressionRequest(model_spec=model, input=inputs)
    return client.prediction.Regress(request, timeout=30)


def multi(client: Client, tasks: Sequence[tuple[Any, str]], inputs: Any) -> Any:
    request = inference_pb2.MultiInferenceRequest(input=inputs)
    for model, method in tasks:
        request.tasks.add(method_name=method).model_spec.CopyFrom(model)
    return client.prediction.MultiInference(request, timeout=30)


def signature(name: str) -> Any:
    return spec("examples", signature=name)


def table(result: Any) -> list[list[tuple[str, float]]]:
    return [[(one.label, one.score) for one in row.classes] for row in result.classifications]


def values(result: Any) -> list[float]:
    return [regression.value for regression in result.regressions]


def test_classify(client: Client) -> None:
    response = classify(client, spec("examples"), of(0.25, 1.0))
    assert table(response.result) == [
        [("low", 0.75), ("high", 0.25)],
        [("low", 0.0), ("high", 1.0)],
    ]
    assert response.model_spec.name == "examples"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"


def test_classify_with_labels_or_scores_alone(client: Client) -> None:
    assert table(classify(client, signature("only_classes"), of(1)).result) == [
        [("low", 0.0), ("high", 0.0)]
    ]
    assert table(classify(client, signature("only_scores"), of(1)).result) == [
        [("", 0.0), ("", 1.0)]
    ]


@pytest.mark.parametrize(("name", "wanted"), [("regress", [3.0, -4.0]), ("flat", [1.5, -2.0])])
def test_regress(client: Client, name: str, wanted: list[float]) -> None:
    response = regress(client, signature(name), of(1.5, -2.0))
    assert values(response.result) == wanted
    assert response.model_spec.signature_name == name
    assert response.model_spec.version.value == 1


def test_a_context_completes_every_example(client: Client) -> None:
    listed = input_pb2.ExampleListWithContext(examples=[example(), example(x=3)])
    listed.context.CopyFrom(example(x=1))
    inputs = input_pb2.Input(example_list_with_context=listed)
    assert values(regress(client, signature("flat"), inputs).result) == [1.0, 3.0]


def test_multi_inference_in_one_run(client: Client) -> None:
    response = multi(
        client,
        [(signature("serving_default"), CLASSIFY), (signature("regress"), REGRESS)],
        of(0.5),
    )
    first, second = response.results
    assert table(first.classification_result) == [[("low", 0.5), ("high", 0.5)]]
    assert values(second.regression_result) == [1.0]
    assert [result.model_spec.signature_name for result in response.results] == [
        "serving_default",
        "regress",
    ]
    assert first.model_spec.version.value == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "No signature was found with the name: none"),
        ("regress", "Expected classification signature outputs to contain at least one of"),
        ("one_label", "Tensors class and score should match in dim_size(1). Got 1 vs. 2"),
        ("short", "Expected scores output batch size of 2. Got: 1"),
    ],
)
def test_classify_rejects(client: Client, name: str, message: str) -> None:
    with refused() as error:
        classify(client, signature(name), of(1, 2))
    assert error.code == "INVALID_ARGUMENT"
    assert message in error.message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none", "No signature was found with the name: none"),
        ("serving_default", "Expected one output Tensor."),
        ("neither", "No regression outputs found in SignatureDef"),
        ("wide", "[batch_size, 1] but got [2,2]"),
        ("doubles", "Expected output Tensor of DT_FLOAT.  Got: DT_DOUBLE"),
    ],
)
def test_regress_rejects(client: Client, name: str, message: str) -> None:
    with refused() as error:
        regress(client, signature(name), of(1, 2))
    assert error.code == "INVALID_ARGUMENT"
    assert message in error.message


@pytest.mark.parametrize(
    ("tasks", "code", "message"),
    [
        ([], "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        ([("unknown", "", CLASSIFY)], "NOT_FOUND", "Servable not found"),
        (
            [("examples", "", CLASSIFY), ("several", "", CLASSIFY)],
            "INVALID_ARGUMENT",
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (
            [("examples", "", CLASSIFY), ("", "", CLASSIFY)],
            "INVALID_ARGUMENT",
            "Found ModelSpec with an empty model name.",
        ),
        (
            [("examples", "", CLASSIFY), ("examples", "serving_default", CLASSIFY)],
            "INVALID_ARGUMENT",
            "Duplicate evaluation of signature: serving_default",
        ),
        (
            [("examples", "none", CLASSIFY)],
            "INVALID_ARGUMENT",
            "Requested signature not found in model graph: none",
        ),
        (
            [("examples", "", "tensorflow/serving/predict")],
            "UNIMPLEMENTED",
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
    ],
)
def test_multi_inference_rejects(
    client: Client, tasks: list[tuple[str, str, str]], code: str, message: str
) -> None:
    with refused() as error:
        multi(client, [(spec(n, signature=s), m) for n, s, m in tasks], of(1))
    assert error.code == code
    assert message in error.message


def test_empty_and_undecodable_inputs(client: Client) -> None:
    for inputs in (input_pb2.Input(), input_pb2.Input(example_list=input_pb2.ExampleList())):
        with refused() as error:
            classify(client, spec("examples"), inputs)
        assert (error.code, error.message) == ("INVALID_ARGUMENT", "Input is empty.")
    with refused() as error:
        classify(client, spec("examples"), input_pb2.Input(example_list={"examples": [example()]}))
    assert error.code == "INVALID_ARGUMENT", "the operation misses its feature"


def test_missing_model_spec(client: Client) -> None:
    for method, request in (
        (client.prediction.Classify, classification_pb2.ClassificationRequest(input=of(1))),
        (client.prediction.Regress, regression_pb2.RegressionRequest(input=of(1))),
    ):
        with refused() as error:
            method(request)
        assert (error.code, error.message) == ("INVALID_ARGUMENT", "Missing ModelSpec")
    with refused() as error:
        classify(client, model_pb2.ModelSpec(name="several"), of(1))
    assert (error.code, error.message) == ("INVALID_ARGUMENT", "Expected one input Tensor.")


def test_an_input_quoted_in_an_error_need_not_be_utf8(client: Client) -> None:
    with refused() as error:
        client.predict("examples", {"inputs": [b"\xff\xd8\xff\xe0 no example"]})
    assert error.code == "INVALID_ARGUMENT"
    assert "Could not parse example input" in error.message
