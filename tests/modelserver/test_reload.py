"""HandleReloadConfigRequest: models are added and removed, labels move."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import model_management_pb2

from tests.modelserver import exported
from tests.modelserver.client import Client, floats, refused, spec
from tests.modelserver.conftest import Serve

X = floats(0)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1 to 3 of a model that answers 0 with its version."""
    folder = tmp_path_factory.mktemp("base")
    for version in (1, 2, 3):
        exported.half_plus(folder / str(version), offset=float(version))
    return folder


def entry(name: str, base: Path, rest: str = "") -> str:
    return f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" {rest} }}'


def labels(**versions: int) -> str:
    """All three versions, and labels for some."""
    listed = "".join(
        f'version_labels {{ key: "{label}" value: {version} }}'
        for label, version in versions.items()
    )
    return f"model_version_policy {{ all {{}} }} {listed}"


def reload(client: Client, *entries: str) -> Any:
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(f"model_config_list {{ {' '.join(entries)} }}", request.config)
    return client.models.HandleReloadConfigRequest(request, timeout=60)


def answer(client: Client, model: Any) -> float:
    return float(client.predict(model, {"x": X})["y"][0])


def test_models_come_and_go(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base, model_name="a")
    response = reload(client, entry("a", base), entry("b", base))
    assert response.status.error_code == 0
    assert answer(client, "b") == 3.0, "it waited for the new model"
    reload(client, entry("b", base))
    client.wait_for("a", v3="END")
    with refused() as error:
        answer(client, "a")
    assert error.message == "Servable not found for request: Latest(a)"
    reload(client, entry("a", base), entry("b", base))
    assert answer(client, "a") == 3.0


def test_a_model_moves_to_another_base_path(serve: Serve, base: Path, tmp_path: Path) -> None:
    client = serve(model_base_path=base, model_name="m")
    exported.half_plus(tmp_path / "2", offset=20.0)
    reload(client, entry("m", tmp_path))
    client.wait_for("m", v3="END", v2="AVAILABLE")
    assert answer(client, "m") == 20.0


def test_a_policy_changes(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base, model_name="m")
    reload(client, entry("m", base, "model_version_policy { specific { versions: 1 } }"))
    client.wait_for("m", v3="END", v1="AVAILABLE")
    reload(client, entry("m", base, "model_version_policy { latest { num_versions: 2 } }"))
    client.wait_for("m", v3="AVAILABLE", v2="AVAILABLE", v1="END")


def test_concurrent_reloads_take_turns(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base, model_name="a")
    both = (entry("a", base), entry("b", base))
    with ThreadPoolExecutor(8) as pool:
        reloads = [pool.submit(reload, client, *both[: 1 + i % 2]) for i in range(24)]
        calls = [pool.submit(answer, client, "a") for _ in range(24)]
        assert {call.result() for call in calls} == {3.0}
    for done in reloads:
        # "b" may be taken away again before it has come.
        assert done.exception() is None or "did not become available" in str(done.exception())
    reload(client, *both)
    assert answer(client, "b") == 3.0


def test_an_empty_list_unloads_all(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base)
    reload(client)
    client.wait_for("default", v3="END")


def test_all_labels_move_atomically(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base, model_name="m")
    reload(client, entry("m", base, labels()))
    client.wait_for("m", v1="AVAILABLE", v2="AVAILABLE", v3="AVAILABLE")
    reload(client, entry("m", base, labels(stable=1, canary=2)))
    assert answer(client, spec("m", label="stable")) == 1.0
    assert answer(client, spec("m", label="canary")) == 2.0
    reload(client, entry("m", base, labels(stable=2)))
    assert answer(client, spec("m", label="stable")) == 2.0
    with refused() as error:
        answer(client, spec("m", label="canary"))
    assert error.message == "Unrecognized servable version label: canary"


def test_labels_are_checked_before_anything_is_loaded(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base, model_name="m")
    with refused() as error:
        reload(client, entry("m", base, labels(stable=3, canary=2)))
    assert error.code == "FAILED_PRECONDITION"
    assert error.message == (
        "Request to assign label to version 2 of model m, "
        "which is not currently available for inference"
    )
    client.wait_for_looks()
    assert client.states("m") == [(3, "AVAILABLE")], "nothing has changed"
    with refused():
        answer(client, spec("m", label="stable"))


def test_a_label_for_a_version_that_is_to_come(serve: Serve, base: Path) -> None:
    client = serve(
        model_base_path=base, model_name="m", allow_version_labels_for_unavailable_models=True
    )
    reload(client, entry("m", base, labels(canary=2, stable=3)))
    client.wait_for("m", v2="AVAILABLE")
    assert answer(client, spec("m", label="canary")) == 2.0
    with refused() as error:
        reload(client, entry("m", base, labels(canary=9)))
    assert error.code == "FAILED_PRECONDITION", "only a new label may point to nothing"


@pytest.mark.parametrize(
    ("entries", "code", "message"),
    [
        (["a", "a"], "INVALID_ARGUMENT", "Illegal to list model a multiple times in config list"),
        (["relative"], "INVALID_ARGUMENT", "Expected model relative to have an absolute path"),
        (["no_platform"], "INVALID_ARGUMENT", "Illegal setting neither"),
        (["other_platform"], "INVALID_ARGUMENT", "Illegal to change a model's platform."),
        (["missing"], "NOT_FOUND", "nothing to serve as missing: /no/where"),
    ],
)
def test_refused_and_nothing_changes(
    serve: Serve, base: Path, entries: list[str], code: str, message: str
) -> None:
    texts = {
        "a": entry("a", base),
        "relative": entry("relative", Path("m")),
        "no_platform": entry("a", base).replace('model_platform: "tensorflow"', ""),
        "other_platform": entry("a", base).replace("tensorflow", "other"),
        "missing": entry("missing", Path("/no/where")),
    }
    client = serve(model_base_path=base, model_name="a")
    with refused() as error:
        reload(client, *(texts[name] for name in entries))
    assert error.code == code
    assert error.message.startswith(message)
    assert answer(client, "a") == 3.0
    assert client.states("a") == [(3, "AVAILABLE")]


def test_only_a_list_of_models(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base)
    with refused() as error:
        client.models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())
    assert error.code == "INVALID_ARGUMENT"
    assert "Only ModelConfigList is currently supported" in error.message


def test_a_new_model_that_does_not_load(serve: Serve, base: Path, tmp_path: Path) -> None:
    client = serve(model_base_path=base, model_name="a")
    (tmp_path / "4").mkdir()
    with refused() as error:
        reload(client, entry("a", base), entry("b", tmp_path))
    assert error.code == "UNKNOWN"
    assert error.message == (
        "1 model(s) did not become available: {{{name: b version: 4} due to error: "
        "FAILED_PRECONDITION: incomplete: saved_model.pb is missing}, }"
    )
    assert answer(client, "a") == 3.0


def test_a_new_model_whose_policy_selects_no_version(serve: Serve, base: Path) -> None:
    client = serve(model_base_path=base, model_name="a")
    policy = "model_version_policy { specific { versions: 99 } }"
    with refused() as error:
        reload(client, entry("a", base), entry("b", base, policy))
    assert error.code == "UNKNOWN"
    listed = ", ".join(sorted(path.name for path in base.iterdir()))
    assert error.message == (
        "1 model(s) did not become available: {{{name: b} due to error: NOT_FOUND: nothing to "
        f"serve as b: model_version_policy selects none of the versions in {base}: {listed}}}, }}"
    )


def test_a_file_that_is_polled_prevails(serve: Serve, base: Path, tmp_path: Path) -> None:
    """What a call has changed is undone, as in the real server."""
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {entry('a', base)} }}")
    client = serve(model_config_file=file, model_config_file_poll_wait_seconds=0.05)
    for _ in range(2):  # the first time, it may be the first poll
        with suppress(grpc.RpcError):  # it may be undone before b has loaded
            reload(client, entry("b", base))
        client.wait_for("b", v3="END")
        client.wait_for("a", v3="AVAILABLE")


def test_a_file_that_is_not_polled_does_not(serve: Serve, base: Path, tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text(f"model_config_list {{ {entry('a', base)} }}")
    client = serve(model_config_file=file)
    reload(client, entry("b", base))
    client.wait_for("a", v3="END")
    assert answer(client, "b") == 3.0
