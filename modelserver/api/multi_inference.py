"""MultiInference: several signatures of one model on the same examples, in one run."""

from __future__ import annotations

from typing import Any

from tensorflow_serving.apis import inference_pb2

from modelserver.api import classify, examples, regress
from modelserver.deadline import Deadline
from modelserver.execution.model import DEFAULT_SIGNATURE, Model
from modelserver.status import Code, ServingError, invalid

API = "MultiInference"
_METHODS: dict[str, tuple[Any, str]] = {
    classify.METHOD: (classify, "classification_result"),
    regress.METHOD: (regress, "regression_result"),
}


def multi_inference(model: Model, request: Any, deadline: Deadline) -> Any:
    """Answer a MultiInferenceRequest with a MultiInferenceResponse.

    Raise ``ServingError`` with INVALID_ARGUMENT if tasks name different models, or a signature
    twice or unknown; with UNIMPLEMENTED for methods other than classify and regress.
    """
    signatures = _signatures(model, request.tasks)
    bindings = [
        _method(task).bind(signature)
        for task, signature in zip(request.tasks, signatures, strict=True)
    ]
    count, outputs = examples.run(model, bindings, request.input, deadline, API)
    response = inference_pb2.MultiInferenceResponse()
    for task, signature in zip(request.tasks, signatures, strict=True):
        result = response.results.add()
        examples.name_version(result.model_spec, model, task.model_spec)
        module, field = _METHODS[task.method_name]
        getattr(result, field).SetInParent()
        module.fill(signature, count, outputs, getattr(result, field))
    return response


def _signatures(model: Model, tasks: Any) -> list[Any]:
    names: list[str] = []
    for task in tasks:
        if not task.model_spec.name:
            raise invalid("Found ModelSpec with an empty model name.")
        if task.model_spec.name != tasks[0].model_spec.name:
            raise invalid(
                "All ModelSpecs in a MultiInferenceRequest must access the same model name."
            )
        name = task.model_spec.signature_name or DEFAULT_SIGNATURE
        if name in names:
            raise invalid(f"Duplicate evaluation of signature: {name}")
        if name not in model.signatures:
            raise invalid(f"Requested signature not found in model graph: {name}")
        _method(task)
        names.append(name)
    return [model.signatures[name] for name in names]


def _method(task: Any) -> Any:
    if task.method_name not in _METHODS:
        raise ServingError(
            Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method_name}"
        )
    return _METHODS[task.method_name][0]
