"""ModelServerConfig: which are accepted, and how the others are rejected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from modelserver.lifecycle import base_path, model_config
from modelserver.status import Code, ServingError

GOOD = 'config { name: "a" base_path: "/m/a" model_platform: "tensorflow" }'


def listed(text: str) -> Any:
    message = model_server_config_pb2.ModelServerConfig()
    return text_format.Parse(f"model_config_list {{ {text} }}", message)


def test_a_valid_list() -> None:
    labelled = GOOD.replace("}", 'version_labels { key: "stable" value: 3 } }')
    models = model_config.models(listed(labelled))
    assert [(model.name, model.base_path) for model in models] == [("a", "/m/a")]
    assert model_config.labels(models) == {"a": {"stable": 3}}


def test_an_empty_list_is_valid() -> None:
    assert list(model_config.models(listed(""))) == []


def test_the_deprecated_model_type() -> None:
    assert model_config.models(
        listed('config { name: "a" base_path: "/m" model_type: TENSORFLOW }')
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + GOOD, "Illegal to list model a multiple times in config list"),
        (
            'config { name: "a" base_path: "m" model_platform: "tensorflow" }',
            "Expected model a to have an absolute path or URI; got base_path()=m",
        ),
        (
            'config { name: "a" base_path: "/m" }',
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform, model name is a",
        ),
        (
            'config { name: "a" base_path: "/m" model_platform: "p" model_type: TENSORFLOW }',
            "Illegal setting both ModelServerConfig::model_type (deprecated) and "
            "ModelServerConfig::model_platform, model name is a",
        ),
        (
            'config { name: "a" base_path: "/m" model_platform: "pytorch" }',
            "Model a requests unsupported platform pytorch",
        ),
        (
            'config { name: "a" base_path: "gs://b/m" model_platform: "tensorflow" }',
            "Model a: base_path gs://b/m is not a local directory",
        ),
        (
            'config { name: "a" base_path: "file://m" model_platform: "tensorflow" }',
            "Model a: base_path file://m is not a local directory",
        ),
    ],
)
def test_a_wrong_config_is_rejected(text: str, message: str) -> None:
    with pytest.raises(ServingError) as caught:
        model_config.models(listed(text))
    assert (caught.value.code, caught.value.message) == (Code.INVALID_ARGUMENT, message)


def test_the_platform_may_not_change() -> None:
    now = model_config.models(listed(GOOD))
    with pytest.raises(ServingError, match="Illegal to change a model's platform"):
        model_config.models(listed(GOOD.replace("tensorflow", "other")), now)


def test_only_a_list_of_models() -> None:
    with pytest.raises(ServingError) as caught:
        model_config.models(model_server_config_pb2.ModelServerConfig())
    assert caught.value.code is Code.INVALID_ARGUMENT


def test_a_relative_path_is_relative_to_the_current_directory(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_config.models(model_config.single("m", "x/y"))[0].base_path == str(
        tmp_path / "x" / "y"
    )


@pytest.mark.parametrize("host", ["", "localhost"])
def test_a_path_may_be_a_file_uri(tmp_path: Path, host: str) -> None:
    (tmp_path / "1").mkdir()
    uri = f"file://{host}{tmp_path}"
    config = model_config.single("m", uri)
    assert model_config.models(config)[0].base_path == uri
    assert base_path.scan(uri) == {1: str(tmp_path / "1")}


def test_another_uri_is_rejected_as_a_flag_too() -> None:
    with pytest.raises(ServingError, match="base_path gs://b/m is not a local directory"):
        model_config.models(model_config.single("m", "gs://b/m"))


@pytest.mark.parametrize("text", ["nonsense {", "model_config_list { config { colour: 1 } }"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "models.config"
    file.write_text(text)
    with pytest.raises(ServingError) as caught:
        model_config.read(str(file))
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message
    with pytest.raises(ServingError, match="No such file"):
        model_config.read(str(tmp_path / "none"))


HINT = "; a valid file: model_config_list { config {"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense {", 'has no field named "nonsense"'),
        ('{"model_config_list": []}', "Expected identifier"),
        ('config { name: "a" }', 'has no field named "config"'),
        ("model_config_list { config { colour: 1 } }", 'has no field named "colour"'),
        (f"model_config_list {{ {GOOD} {GOOD} }}", "model a multiple times"),
        (f"model_config_list {{ {GOOD.replace('/m/a', 'm/a')} }}", "an absolute path"),
        (f"model_config_list {{ {GOOD.replace('tensorflow', 'tf')} }}", "unsupported platform tf"),
        (f"model_config_list {{ {GOOD.replace('name', '#')}\n }}", "Expected"),
        ("model_config_list { config { base_path: '/m' } }", "Model 1 of the list has no name"),
        (r"model_config_list { config { name: '\ud800' } }", "surrogates not allowed"),
        (f"model_config_list {{ {'x' * 9000}\v }}", "has no field named"),
    ],
)
def test_a_bad_file_says_which_file_what_is_wrong_and_what_is_right(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "models.config"
    file.write_text(text)
    with pytest.raises(ServingError) as caught:
        model_config.from_file(str(file))
    words = caught.value.message
    assert words.startswith(f"{file}: ")
    assert message in words
    assert HINT in words
    assert len(words.splitlines()) == 1
    assert len(words) < 1000


def test_the_hint_is_a_valid_file(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text("nonsense {")
    with pytest.raises(ServingError) as caught:
        model_config.read(str(file))
    file.write_text(caught.value.message.rpartition("a valid file: ")[2])
    assert [model.name for model in model_config.models(model_config.read(str(file)))] == ["digits"]


def test_a_model_without_versions_names_the_file_too(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(f"\ufeffmodel_config_list {{ {GOOD} }}")  # with a byte order mark
    with pytest.raises(ServingError, match=f"{file}: nothing to serve as a: /m/a: No such file"):
        model_config.from_file(str(file))


def test_a_path_that_no_file_can_have_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {GOOD.replace('/m/a', '/m/' + chr(92) + '0')} }}")
    with pytest.raises(ServingError, match=r"nothing to serve as a: .*null") as caught:
        model_config.from_file(str(file))
    assert caught.value.code is Code.NOT_FOUND


def test_comments_may_have_any_encoding(tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_bytes("# 模型\n".encode("gbk") + f"model_config_list {{ {GOOD} }}".encode())
    assert model_config.models(model_config.read(str(file)))[0].name == "a"
    file.write_bytes(f"model_config_list {{ {GOOD.replace('/m/a', '/模型')} }}".encode("gbk"))
    with pytest.raises(ServingError, match=f"{file}: .* can't encode character"):
        model_config.read(str(file))


@pytest.mark.parametrize("text", ["", "\n", "# no models yet\n"])
def test_an_empty_file_is_valid(tmp_path: Path, text: str) -> None:
    file = tmp_path / "models.config"
    file.write_text(text)
    assert model_config.is_empty(model_config.from_file(str(file)))
