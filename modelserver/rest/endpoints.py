"""REST endpoints: a method, a path and a body in; a status and JSON out."""

from __future__ import annotations

import time
import zlib
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToJson
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    regression_pb2,
)

from modelserver.api.metadata import SIGNATURE_DEF
from modelserver.deadline import Deadline
from modelserver.metrics import Metrics
from modelserver.rest import documents, examples, predictions, routes
from modelserver.rest.encode import encode_string
from modelserver.service import Service
from modelserver.status import Code, ServingError, invalid

MAX_BODY_BYTES = 2**31 - 1
MAX_UNZIPPED_BYTES = 100 * 2**20
_HTTP = {
    Code.OK: 200,
    Code.CANCELLED: 499,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.UNAVAILABLE: 503,
    Code.UNAUTHENTICATED: 401,
}


class Response(NamedTuple):
    """An HTTP status and a JSON body."""

    status: int
    text: str


def http_status(code: Code) -> int:
    """Return the HTTP status of a code; 500 if it has none of its own."""
    return _HTTP.get(code, 500)


def failure(error: ServingError) -> Response:
    """Return the response to a failed request."""
    message = error.message.encode(errors="replace").decode()
    return Response(http_status(error.code), f'{{\n    "error": {encode_string(message)}\n}}')


class RestApi:
    """Answers REST requests from a ``Service``. Thread-safe.

    Requests are counted in ``metrics`` and time out after ``timeout_s`` seconds; 0 means never.
    """

    def __init__(self, service: Service, metrics: Metrics, timeout_s: float) -> None:
        self._service = service
        self._metrics = metrics
        self._timeout_s = timeout_s

    def answer(
        self, method: str, path: str, body: bytes, encoding: str, deadline: Deadline
    ) -> Response:
        """Answer a request.

        ``path`` is percent-encoded and includes the query. ``body`` is as received, ``encoding``
        its Content-Encoding: gzip or none. ``deadline`` is abandoned when the client disconnects;
        this method sets its time.
        """
        try:
            route = routes.find(method, path)
        except ServingError as error:
            self._metrics.request_count.add("", error.code.name)
            return failure(error)
        answer = getattr(self, f"_{route.what}")
        deadline.at = time.monotonic() + self._timeout_s if self._timeout_s else None
        api = route.what if method == "POST" else ""
        try:
            with self._metrics.request(route.spec.name, api, "REST"):
                body = _unzip(body) if "gzip" in encoding.lower() else body
                try:
                    return Response(200, answer(route.spec, body, deadline))
                except UnicodeEncodeError:  # values may have any bytes, names may not
                    raise invalid("JSON Parse error: a name is not valid UTF-8") from None
        except ServingError as error:
            return failure(error)

    def _predict(self, spec: Any, body: bytes, deadline: Deadline) -> str:
        document = documents.parse(body)
        spec.signature_name = documents.signature_name(document)
        outputs = self._service.predict_arrays(
            spec,
            lambda signature: predictions.read(document, signature.inputs, spec.signature_name),
            deadline,
        )
        return predictions.write(document, outputs)

    def _classify(self, spec: Any, body: bytes, deadline: Deadline) -> str:
        request = _with_examples(classification_pb2.ClassificationRequest(model_spec=spec), body)
        return examples.write_classes(self._service.classify(request, deadline).result)

    def _regress(self, spec: Any, body: bytes, deadline: Deadline) -> str:
        request = _with_examples(regression_pb2.RegressionRequest(model_spec=spec), body)
        return examples.write_values(self._service.regress(request, deadline).result)

    def _status(self, spec: Any, body: bytes, deadline: Deadline) -> str:
        request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
        return _json(self._service.get_model_status(request, deadline))

    def _metadata(self, spec: Any, body: bytes, deadline: Deadline) -> str:
        request = get_model_metadata_pb2.GetModelMetadataRequest(
            model_spec=spec, metadata_field=[SIGNATURE_DEF]
        )
        response = self._service.get_model_metadata(request, deadline)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata[SIGNATURE_DEF].Unpack(signatures)
        return (
            f'{{\n"model_spec":{_json(response.model_spec)},\n'
            f'"metadata": {{"signature_def": {_json(signatures)}}}\n}}\n'
        )


def _with_examples(request: Any, body: bytes) -> Any:
    document = documents.parse(body)
    request.model_spec.signature_name = documents.signature_name(document)
    examples.read(document, request.input)
    return request


def _json(message: Any) -> str:
    return str(
        MessageToJson(
            message,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
            indent=1,
        )
    )


def _unzip(body: bytes) -> bytes:
    """Decompress a gzip body, up to a limit: a small body can expand to a huge one."""
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        plain = inflater.decompress(body, MAX_UNZIPPED_BYTES)
    except zlib.error as error:
        raise invalid(f"the body is not valid gzip: {error}") from None
    if not inflater.eof:
        raise invalid(f"the gzip body is truncated, or larger than {MAX_UNZIPPED_BYTES >> 20} MiB")
    return plain
