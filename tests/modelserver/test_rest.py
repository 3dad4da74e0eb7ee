"""The REST API over real HTTP."""

from __future__ import annotations

import base64
import json
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from loadtest.stack import free_port
from modelserver.rest.encode import encode
from tests.modelserver import exported
from tests.modelserver.client import Client
from tests.modelserver.conftest import Serve


def post(client: Client, path: str, body: Any, **headers: str) -> tuple[int, Any]:
    status, answer, _ = client.http("POST", f"/v1/models/{path}", body, headers)
    return status, answer


def error(client: Client, path: str, body: Any) -> tuple[int, str]:
    status, answer = post(client, path, body)
    assert set(answer) == {"error"}
    return status, answer["error"]


def b64(data: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(data).decode()}


def test_predict_by_rows(client: Client) -> None:
    assert post(client, "half_plus:predict", {"instances": [1, 2.0, 5]}) == (
        200,
        {"predictions": [2.5, 3.0, 4.5]},
    )


def test_text_around_a_document(client: Client) -> None:
    for body in (b'\xef\xbb\xbf{"inputs": 2}', b'\n\t {"inputs": 2} and the rest'):
        assert post(client, "half_plus:predict", body) == (200, {"outputs": 3.0})


def test_predict_by_columns(client: Client) -> None:
    assert post(client, "half_plus:predict", {"inputs": [1, 2.0, 5]}) == (
        200,
        {"outputs": [2.5, 3.0, 4.5]},
    )
    assert post(client, "half_plus:predict", {"inputs": {"x": [[4.0], [0]]}}) == (
        200,
        {"outputs": [[4.0], [2.0]]},
    )


def test_several_inputs_and_outputs(client: Client) -> None:
    status, answer = post(client, "several:predict", {"inputs": {"a": [3, 4], "b": [1, 1]}})
    assert status == 200
    assert answer == {"outputs": {"sum": [4.0, 5.0], "difference": [2.0, 3.0], "count": 2}}
    rows = {"instances": [{"a": 3, "b": 1}, {"b": 1, "a": 4}]}
    status, text = post(client, "several:predict", rows)
    assert (status, text) == (400, {"error": "Tensor name: count has no shape information "})


def test_rows_of_objects(client: Client) -> None:
    body = {"signature_name": "only_scores", "instances": [{"inputs": b64(b"")}]}
    assert post(client, "examples:predict", body)[0] == 400, "the operation misses its feature"
    example = tf.train.Example()
    example.features.feature["x"].float_list.value.append(0.25)
    body["instances"] = [{"inputs": b64(example.SerializeToString())}] * 2
    assert post(client, "examples:predict", body) == (200, {"predictions": [[0.75, 0.25]] * 2})


def test_several_outputs_in_rows(client: Client) -> None:
    assert post(client, "lengths:predict", {"instances": ["abc", "é", b64(b"xy")]}) == (
        200,
        {
            "predictions": [
                {"length": 3, "reversed": "xy"},
                {"length": 2, "reversed": "é"},
                {"length": 2, "reversed": "abc"},
            ]
        },
    )


def test_bytes_out_as_base64_when_the_alias_says_so(serve: Serve, tmp_path: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="x")])
    def echo(x: Any) -> Any:
        return {"y_bytes": x}

    exported.save(tf.Module(), tmp_path / "1", serving_default=echo)
    client = serve(model_base_path=tmp_path, rest_api_port=free_port())
    status, answer = post(client, "default:predict", {"instances": [b64(b"\xff\x00"), "a"]})
    assert (status, answer) == (200, {"predictions": [b64(b"\xff\x00"), b64(b"a")]})


def test_the_layout_of_an_answer(client: Client) -> None:
    """As the real server lays it out, for those who read it without a parser."""
    assert raw(client, "half_plus", {"instances": [1, 2, 5]}) == (
        b'{\n    "predictions": [2.5, 3.0, 4.5\n    ]\n}'
    )
    quoted = {"examples": [], "extra": {"x": [1, {"y": {}}]}}
    status, message = error(client, "half_plus:classify", quoted)
    assert (status, message) == (
        400,
        'JSON Value: {\n    "examples": [],\n    "extra": {\n        "x": [1, {\n'
        "                \"y\": {}\n            }]\n    }\n} 'examples' value is an empty array",
    )
    long = {"examples": "a" * 500}
    assert error(client, "half_plus:classify", long)[1].startswith(
        'JSON Value: {\n    "examples": "aaa'
    )
    assert len(error(client, "half_plus:classify", long)[1]) < 400


def raw(client: Client, model: str, body: Any) -> bytes:
    """The answer to a prediction as it travels."""
    url = f"http://localhost:{client.rest_port}/v1/models/{model}:predict"
    with urllib.request.urlopen(url, json.dumps(body).encode(), 30) as answer:
        return bytes(answer.read())


def test_a_picture_is_base64(client: Client) -> None:
    png = tf.io.encode_png(tf.fill([4, 4, 3], tf.constant(9, tf.uint8))).numpy()
    status, answer = post(client, "pictures:predict", {"instances": [b64(png)] * 2})
    assert (status, answer) == (200, {"predictions": [9.0, 9.0]})


def test_nan_and_infinity_are_bare_both_ways(client: Client) -> None:
    body = b'{"instances": [NaN, Infinity, -Infinity, 1e400], "comment": "\\"Inf"}'
    for same in (body, body.replace(b"Infinity", b"Inf")):
        status, answer = post(client, "half_plus:predict", same)
        assert status == 200
        assert str(answer["predictions"]) == "[nan, inf, -inf, inf]"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.2), "0.2"),
        (np.array([3, -0.0, 1e30], np.float32), "[3.0, -0.0, 1e+30]"),
        (np.array([1 / 3]), "[0.3333333333333333]"),
        (np.zeros((2, 0)), "[[], []]"),
        (np.zeros((0, 2)), "[]"),
        (np.array([[True], [False]]), "[[true], [false]]"),
        (np.array([2**64 - 1], np.uint64), "[18446744073709551615]"),
        (b'a"\n', '"a\\"\\n"'),
    ],
)
def test_text_of_arrays(value: Any, text: str) -> None:
    assert encode(value) == text


def test_signature_name(client: Client) -> None:
    body = {"signature_name": "grid", "inputs": [[1, 2, 3], [4, 5, 6]]}
    assert post(client, "several:predict", body) == (200, {"outputs": [[1, 4], [2, 5], [3, 6]]})
    assert error(client, "several:predict", {"signature_name": "S", "inputs": 1}) == (
        400,
        'Serving signature name: "S" not found in signature def',
    )
    status, message = error(client, "several:predict", {"signature_name": 5, "inputs": 1})
    assert status == 400
    assert message.endswith("'signature_name' key must be a string value.")
    assert error(client, "several:predict", {"signature_name": "describe", "inputs": {}}) == (
        400,
        "Failed to get input map for signature: describe",
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b" \n", "JSON Parse error: The document is empty. at offset: 2"),
        (b'{"instances": [Infi]}', "JSON Parse error: Invalid value. at offset: 15"),
        (b"{", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (b'{"\\q', "JSON Parse error: Invalid escape character in string. at offset: 2"),
        (b'{"\\u12"', "JSON Parse error: Incorrect hex digit after \\u escape in string. at"),
        (b'{"a\tb"', "JSON Parse error: Invalid encoding in string. at offset: 3"),
        (b"[1]", "JSON Value: [1] Is not object"),
        (b"[" * 100_000, "JSON Parse error: "),
        (b"\xff\xfe", "JSON Parse error: Invalid value. at offset: 0"),
        ({}, "Missing 'inputs' or 'instances' key"),
        (
            {"instances": [1], "inputs": [1]},
            'JSON Value: {\n    "instances": [1],\n    "inputs": [1]\n} Not formatted correctly '
            "expecting only one of 'inputs' or 'instances' keys to exist ",
        ),
        ({"instances": 1}, "Expecting 'instances' to be an list/array"),
        ({"instances": []}, "No values in 'instances' array"),
        (
            {"instances": ["a"]},
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "a" Type: String is not of expected type: float',
        ),
        (
            {"instances": [1.0, True]},
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON Value: true Type: True is not of expected type: float",
        ),
        (
            {"instances": [[1, 2], [3]]},
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting tensor size: 2 but got: 1",
        ),
        (
            {"instances": [[1, 2], [[3], [4]]]},
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: "
            "Expecting shape [2] but got: [2,1]",
        ),
        (
            {"instances": [[[1], 2]]},
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        ({"instances": [1, {"x": 1}]}, "Expecting value/list but got object at item 1 of"),
        ({"instances": [{"x": 1}, 1]}, "Expecting object but got list at item 1 of input list"),
        (
            {"instances": [{"z": 1}]},
            "Failed to process element: 0 key: z of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: z",
        ),
        ({"instances": [{}]}, "JSON object: {} keys must be equal to: x"),
        ({"inputs": {"z": 1}}, "Missing named input: x in 'inputs' object."),
        ({"inputs": [[1], [2, 3]]}, "Encountered list at unexpected size: 2 at level: 1"),
        ({"inputs": [1, [2]]}, "Encountered list at unexpected level: 1 expected < 1"),
        ({"inputs": None}, "JSON Value: null Type: Null is not of expected type: float"),
    ],
)
def test_bad_bodies(client: Client, body: Any, message: str) -> None:
    status, text = error(client, "half_plus:predict", body)
    assert status == 400
    assert message in text


def test_plain_values_for_several_inputs(client: Client) -> None:
    for key in ("instances", "inputs"):
        status, message = error(client, "several:predict", {key: [1]})
        assert status == 400
        assert "as multiple input tensors required as per tensorinfo_map" in message


def test_integers_refuse_fractions_and_overflow(client: Client) -> None:
    for value in (1.0, 2**63, "1", True):
        body = {"signature_name": "grid", "inputs": [[value] * 3] * 2}
        status, message = error(client, "several:predict", body)
        assert status == 400
        assert message.endswith("is not of expected type: int64")


def test_malformed_base64_is_refused(client: Client) -> None:
    assert error(client, "lengths:predict", {"inputs": [{"b64": "?"}]}) == (
        400,
        "Unable to base64 decode",
    )
    status, message = error(client, "lengths:predict", {"inputs": [{"b64": 5}]})
    assert status == 400
    assert message.endswith("not formatted correctly for base64 data")
    inputs = [{"b64": text} for text in ("YWI=", "YWI", "YW I\n=")]
    answer = post(client, "lengths:predict", {"inputs": inputs})[1]["outputs"]
    assert answer["reversed"] == ["ab"] * 3, "padding and white space do not matter"


def test_types_without_a_json_form(client: Client) -> None:
    inputs = {f"x_{name}": 0 for name in ("float64", "int32", "uint8", "int16", "int64", "uint32")}
    inputs |= {"x_bool": True, "x_float16": 1.0}
    status, message = error(client, "every_type:predict", {"inputs": inputs})
    assert (status, message) == (501, "Conversion of JSON Value: 1.0 to type: half")


def test_classify_and_regress(client: Client) -> None:
    body = {"examples": [{"x": 0.25}, {"x": [1.0]}]}
    assert post(client, "examples:classify", body) == (
        200,
        {"results": [[["low", 0.75], ["high", 0.25]], [["low", 0.0], ["high", 1.0]]]},
    )
    body["signature_name"] = "regress"
    assert post(client, "examples:regress", body) == (200, {"results": [0.5, 2.0]})
    body = {"signature_name": "flat", "context": {"x": 7.0}, "examples": [{}, {"x": 1.5}]}
    assert post(client, "examples:regress", body) == (200, {"results": [7.0, 1.5]})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "When method is classify, key 'examples' is expected and was not found"),
        ({"examples": 1}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"examples": [{"x": None}]}, "Feature: x has element with unexpected JSON type: Null"),
        ({"examples": [{"x": [1, 2.0]}]}, "feature: x expecting type: int64"),
        ({"examples": [{"x": {"y": 1}}]}, "unexpected JSON type: Object"),
        ({"examples": [{"x": 2**63}]}, "Only int64_t is supported."),
    ],
)
def test_bad_examples(client: Client, body: Any, message: str) -> None:
    status, text = error(client, "examples:classify", body)
    assert status == 400
    assert message in text


def nested(depth: int, value: str = "1") -> str:
    return "[" * depth + value + "]" * depth


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (f'{{"inputs": {nested(65)}}}', "lists are nested deeper than 64 levels"),
        (f'{{"instances": {nested(900)}}}', "lists are nested deeper than 64 levels"),
        (f'{{"inputs": {nested(100_000)}}}', "the document is nested too deeply"),
        (f'{{"inputs": [Inf, {nested(100_000)}]}}', "the document is nested too deeply"),
        (f'{{"inputs": {nested(100_000, "Inf")}}}', "the document is nested too deeply"),
        ('{"a":' * 100_000, "the document is nested too deeply"),
        (f'{{"inputs": [1, {nested(900)}]}}', "Encountered list at unexpected level"),
        ('{"inputs": ' + '{"a":' * 400 + "1" + "}" * 401, "Missing named input"),
        (f'{{"signature_name": 5, "inputs": {nested(900)}}}', "must be a string value"),
        (f'{{"inputs": {{"x": {nested(900)}}}}}', "lists are nested deeper than 64 levels"),
    ],
)  # fmt: skip
def test_deep_nesting_is_one_clear_error(
    client: Client, body: str, message: str, caplog: pytest.LogCaptureFixture
) -> None:
    status, text = error(client, "half_plus:predict", body)
    assert status == 400
    assert message in text
    assert not [record for record in caplog.records if record.exc_info], "no traceback"


def test_deep_examples_are_one_clear_error(client: Client) -> None:
    for body in (f'{{"examples": [{nested(900)}]}}', f'{{"examples": [{{"x": {nested(900)}}}]}}'):
        assert error(client, "examples:classify", body)[0] == 400
