"""The model server's calls, independent of transport: a request in, a response out."""

from __future__ import annotations

from typing import Any

from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, model_pb2

from modelserver.api import metadata
from modelserver.api.classify import classify
from modelserver.api.multi_inference import multi_inference
from modelserver.api.predict import Read, predict, predict_arrays
from modelserver.api.regress import regress
from modelserver.codec.dtypes import Array
from modelserver.deadline import Deadline
from modelserver.lifecycle.active_config import ActiveConfig, unavailable
from modelserver.lifecycle.registry import Registry
from modelserver.metrics import Metrics
from modelserver.status import Code, invalid


class Service:
    """Answers requests from the versions in a registry. All methods are thread-safe.

    Each takes a request and a deadline, returns a response message or its serialized bytes, and
    raises ``ServingError``.
    """

    def __init__(
        self,
        registry: Registry,
        active_config: ActiveConfig,
        metrics: Metrics,
        as_content: bool = False,
    ) -> None:
        self._registry = registry
        self._active_config = active_config
        self._metrics = metrics
        self._as_content = as_content

    def predict(self, request: Any, deadline: Deadline) -> bytes:
        """Answer a PredictRequest with a serialized PredictResponse."""
        with self._registry.acquire(_spec(request)) as model:
            return predict(model, request, deadline, self._as_content)

    def predict_arrays(self, spec: Any, read: Read, deadline: Deadline) -> dict[str, Array]:
        """Predict on arrays; ``read`` returns the inputs, given the SignatureDef."""
        with self._registry.acquire(spec) as model:
            return predict_arrays(model, spec.signature_name, read, deadline)

    def classify(self, request: Any, deadline: Deadline) -> Any:
        """Answer a ClassificationRequest with a ClassificationResponse."""
        with self._registry.acquire(_spec(request)) as model:
            return classify(model, request, deadline)

    def regress(self, request: Any, deadline: Deadline) -> Any:
        """Answer a RegressionRequest with a RegressionResponse."""
        with self._registry.acquire(_spec(request)) as model:
            return regress(model, request, deadline)

    def multi_inference(self, request: Any, deadline: Deadline) -> Any:
        """Answer a MultiInferenceRequest; its first task selects the version."""
        first = request.tasks[0].model_spec if request.tasks else model_pb2.ModelSpec()
        with self._registry.acquire(first) as model:
            return multi_inference(model, request, deadline)

    def get_model_metadata(self, request: Any, deadline: Deadline) -> Any:
        """Answer a GetModelMetadataRequest with a GetModelMetadataResponse."""
        spec = _spec(request)
        metadata.check_fields(request)
        with self._registry.acquire(spec) as model:
            return metadata.metadata(model)

    def get_model_status(self, request: Any, deadline: Deadline) -> Any:
        """Answer a GetModelStatusRequest with a GetModelStatusResponse. Labels are ignored."""
        spec = _spec(request)
        number = spec.version.value if spec.HasField("version") else None
        response = get_model_status_pb2.GetModelStatusResponse()
        for status in self._registry.statuses(spec.name, number):
            entry = response.model_version_status.add(version=status.number, state=status.state)
            entry.status.error_code = status.error.code if status.error else Code.OK
            entry.status.error_message = status.error.message if status.error else ""
        return response

    def reload_config(self, request: Any, deadline: Deadline) -> Any:
        """Answer a ReloadConfigRequest once its new models have loaded."""
        before = {name: self._metrics.count(name) for name in request.metric_names}
        failures = self._active_config.apply(request.config)
        if failures:
            raise unavailable(failures)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.error_code = Code.OK
        for name, count in before.items():
            response.metric.add(name=name, int64_value_increase=self._metrics.count(name) - count)
        return response


def _spec(request: Any) -> Any:
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    return request.model_spec
