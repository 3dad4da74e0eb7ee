"""The Prometheus page and its metrics."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from tensorflow_serving.apis import model_management_pb2

from loadtest.stack import free_port
from modelserver.metrics import MAX_CELLS, Counter, Histogram
from modelserver.status import ServingError
from tests.modelserver.client import Client, floats, predict_request, refused, spec
from tests.modelserver.conftest import Serve

X = floats(2)


@pytest.fixture
def watched(serve: Serve, models: Path, tmp_path: Path) -> Client:
    """A server of half_plus with monitoring switched on."""
    file = tmp_path / "monitoring.config"
    file.write_text("prometheus_config { enable: true }")
    return serve(
        model_base_path=models / "half_plus",
        model_name="m",
        rest_api_port=free_port(),
        monitoring_config_file=file,
    )


def page(client: Client, path: str = "/monitoring/prometheus/metrics") -> str:
    status, text, headers = client.http("GET", path)
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    return str(text)


def value(text: str, name: str, **labels: str) -> float:
    wanted = ",".join(f'{key}="{label}"' for key, label in labels.items())
    match = re.search(f"^{re.escape(name)}{{{re.escape(wanted)}}} (.*)$", text, re.MULTILINE)
    assert match, text
    return float(match[1])


def test_requests_are_counted_and_timed(watched: Client, models: Path) -> None:
    watched.predict("m", {"x": X})
    watched.predict("m", {"x": X})
    with refused():
        watched.send(predict_request(spec("m", signature="S"), {"x": X}))
    watched.http("POST", "/v1/models/m:predict", {"instances": [1]})
    watched.http("GET", "/v1/models/m")
    text = page(watched)
    count = ":tensorflow:serving:request_count"
    assert f"# TYPE {count} counter" in text
    assert value(text, count, model_name="m", status="OK") == 4
    assert value(text, count, model_name="m", status="FAILED_PRECONDITION") == 1
    latency = ":tensorflow:serving:request_latency"
    assert f"# TYPE {latency} histogram" in text
    grpc = {"model_name": "m", "API": "Predict", "entrypoint": "GRPC"}
    assert value(text, f"{latency}_count", **grpc) == 2
    assert value(text, f"{latency}_bucket", **grpc, le="+Inf") == 2
    assert value(text, f"{latency}_sum", **grpc) > 0
    rest = {"model_name": "m", "API": "predict", "entrypoint": "REST"}
    assert value(text, f"{latency}_count", **rest) == 1
    status = {"model_name": "m", "API": "", "entrypoint": "REST"}
    assert value(text, f"{latency}_count", **status) == 1
    runtime = {"model_name": "m", "API": "Predict", "runtime": "TF1"}
    assert value(text, ":tensorflow:serving:runtime_latency_count", **runtime) >= 3
    assert ':tensorflow:serving:model_warmup_latency_count{model_path="' in text
    path = str(models / "half_plus" / "1")
    loads = ":tensorflow:cc:saved_model:load_attempt_count"
    assert value(text, loads, model_path=path, status="success") == 1
    assert value(text, ":tensorflow:cc:saved_model:load_latency", model_path=path) > 0
    assert value(text, ":tensorflow:core:graph_runs") >= 3
    assert value(text, ":tensorflow:core:graph_run_time_usecs") > 0


def test_examples_are_counted(serve: Serve, models: Path, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text("prometheus_config { enable: true }")
    client = serve(
        model_base_path=models / "examples",
        model_name="m",
        rest_api_port=free_port(),
        monitoring_config_file=file,
    )
    for examples in ([{"x": 0.25}], [{"x": 0.25}, {"x": 1.0}, {"x": 0.5}]):
        assert client.http("POST", "/v1/models/m:classify", {"examples": examples})[0] == 200
    text = page(client)
    assert value(text, ":tensorflow:serving:request_example_count_total", model="m") == 4
    counts = ":tensorflow:serving:request_example_counts"
    assert value(text, f"{counts}_count", model="m") == 2
    assert [value(text, f"{counts}_bucket", model="m", le=le) for le in ("1", "2", "4")] == [
        1,
        1,
        2,
    ]


def test_an_answered_call_says_how_long_it_took(watched: Client) -> None:
    request = predict_request("m", {"x": X})
    started = time.perf_counter()
    _, call = watched.prediction.Predict.with_call(request, timeout=30)
    milliseconds = (time.perf_counter() - started) * 1000
    said = dict(call.trailing_metadata())["server-timing"]
    assert 0 < float(said.removeprefix("total;dur=")) < milliseconds


def test_a_custom_path(serve: Serve, models: Path, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text('prometheus_config { enable: true path: "/metrics" }')
    client = serve(
        model_base_path=models / "half_plus",
        rest_api_port=free_port(),
        monitoring_config_file=file,
    )
    assert "# TYPE" in page(client, "/metrics")
    assert client.http("GET", "/monitoring/prometheus/metrics")[0] == 404


def test_off_by_default(client: Client) -> None:
    assert client.http("GET", "/monitoring/prometheus/metrics")[0] == 404


def test_an_invalid_file_prevents_the_start(serve: Serve, models: Path, tmp_path: Path) -> None:
    file = tmp_path / "monitoring.config"
    file.write_text("prometheus_config { enabled: true }")
    with pytest.raises(ServingError, match="no field named"):
        serve(model_base_path=models / "half_plus", monitoring_config_file=file)


def test_a_reload_reports_how_much_a_counter_grew(watched: Client, models: Path) -> None:
    name = "/tensorflow/serving/request_count"
    request = model_management_pb2.ReloadConfigRequest(metric_names=[name, "/unknown"])
    request.config.model_config_list.config.add(
        name="m", base_path=str(models / "half_plus"), model_platform="tensorflow"
    )
    response = watched.models.HandleReloadConfigRequest(request, timeout=30)
    assert [(m.name, m.int64_value_increase) for m in response.metric] == [
        (name, 0),
        ("/unknown", 0),
    ]


def test_buckets_add_up() -> None:
    histogram = Histogram("h", ("l",), 10.0, 2.0, 3)
    for microseconds in (1, 10, 11, 40, 1000):
        histogram.add(microseconds, 'a"b')
    lines = list(histogram.lines())
    assert lines[0] == "# TYPE :tensorflow:serving:h histogram"
    assert [line.split("} ")[1] for line in lines[1:]] == ["2", "3", "4", "5", "1062", "5"]
    assert lines[1] == ':tensorflow:serving:h_bucket{l="a\\"b",le="10"} 2'


def test_label_values_from_requests_are_bounded() -> None:
    counter: Any = Counter("c", ("l",))
    for index in range(MAX_CELLS + 50):
        counter.add(str(index))
    lines = list(counter.lines())
    assert len(lines) == 1 + MAX_CELLS + 1
    assert lines[-1].endswith('{l="other"} 50')
