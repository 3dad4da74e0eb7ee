"""POST /v1/infer: one picture in, JSON out."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from server.core.answers import Classification
from server.core.errors import BackendUnavailable, DeadlineExceeded, ModelFailed, UnusableModel
from server.core.model import ModelKey, Then
from server.runtime.metrics import Metrics
from tests.server.camera import accounts
from tests.server.handlers.conftest import Serve, Served
from tests.server.puppet import DIGITS, POISON, STABLE, Call, model
from tests.server.samples import picture
from tests.server.waiting import until

BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


async def post(
    served: Served, body: bytes, content_type: str = "image/jpeg", query: str = "", **more: Any
) -> HTTPResponse:
    """Send one request."""
    return await AsyncHTTPClient().fetch(
        served.url(f"/v1/infer{query}"),
        method=more.pop("method", "POST"),
        body=body,
        headers={"Content-Type": content_type, **more.pop("headers", {})},
        raise_error=False,
        **more,
    )


def fields_of(response: HTTPResponse) -> dict[str, Any]:
    """Return the body, which is always JSON."""
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    found = json.loads(response.body)
    assert isinstance(found, dict)
    return found


def form(*parts: tuple[str, bytes] | tuple[str, bytes, str]) -> bytes:
    """Return a multipart body as ``wx.uploadFile`` sends it, of fields and files."""
    body = b""
    for name, value, *file in parts:
        filename = f'; filename="{file[0]}"' if file else ""
        kind = "\r\nContent-Type: image/jpeg" if file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}{kind}'
        body += head.encode() + b"\r\n\r\n" + value + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def assert_error(response: HTTPResponse, status: int, code: str, words: str = "") -> None:
    fields = fields_of(response)
    assert (response.code, fields["type"], fields["code"]) == (status, "error", code), fields
    assert words in fields["message"]
    assert fields["retryable"] is ("Retry-After" in response.headers)


@pytest.mark.parametrize("picture_format", ["jpeg", "png"])
async def test_the_body_is_the_picture(served: Served, picture_format: str) -> None:
    response = await post(served, picture(picture_format), "application/octet-stream")
    assert response.code == 200
    found = fields_of(response)
    assert found["type"] == "result"
    assert found["boxes"] == [[0.0, 0.0, 0.5, 0.5]]
    assert found["model_version"] == 1
    assert set(found["timing_ms"]) == {"queue", "inference", "total"}
    assert "id" not in found
    [call] = served.puppet.calls
    assert call.frames[0].data == picture(picture_format)
    assert (call.frames[0].width, call.frames[0].height) == (64, 48)


async def test_a_form_as_the_mini_program_sends_it(served: Served) -> None:
    body = form(("min_score", b"0.8"), ("file", picture(), "wxfile://tmp_零.jpg"))
    response = await post(served, body, FORM)
    assert (response.code, fields_of(response)["boxes"]) == (200, [])
    assert served.puppet.calls[0].frames[0].data == picture()


async def test_options_in_the_query_and_in_the_form(served: Served) -> None:
    cats = ModelKey("cats", version=4)
    served.puppet.models[cats] = model(cats, 4)
    response = await post(served, picture(), query="?model=cats&version=4&max_results=0")
    assert (response.code, fields_of(response)["boxes"]) == (200, [])
    body = form(("picture", picture(), "a.jpg"), ("version", b"4"))
    response = await post(served, body, FORM, query="?model=cats&version=9&other=1")
    assert response.code == 200
    assert [call.lane.model for call in served.puppet.calls] == [cats, cats]


@pytest.mark.parametrize("then", ["kinds", '{"model":"kinds","max_results":1}', "true"])
async def test_a_second_model_answers_for_each_box(served: Served, then: str) -> None:
    def judge(call: Call) -> None:
        if call.lane.model == kinds:
            call.answer_with([Classification([1, 0], [0.75, 0.25]) for _ in call.frames])
        else:
            call.judge()

    kinds = ModelKey("kinds")
    served.puppet.obey = judge
    served.puppet.models[kinds] = model(kinds)
    served.puppet.models[DIGITS] = replace(model(), then=Then(kinds))
    body = form(("picture", picture(), "a.jpg"), ("then", then.encode()))
    fields = fields_of(await post(served, body, FORM))
    assert fields["boxes"] == [[0.0, 0.0, 0.5, 0.5]]
    [answer] = fields["then"]["answers"]
    assert answer["labels"] == (["one"] if "max" in then else ["one", "zero"])
    assert "then" not in fields_of(await post(served, picture(), query="?then=false"))


async def test_pictures_share_batches(serve: Serve) -> None:
    served = serve(max_calls=1)
    served.puppet.obey = None
    client = AsyncHTTPClient(force_instance=True)

    def fetch() -> Any:
        return client.fetch(served.url("/v1/infer"), method="POST", body=picture())

    first = fetch()
    busy = await served.puppet.next_call()
    second, third = fetch(), fetch()
    await until(lambda: served.gateway.statistics().waiting == 2)
    busy.answer()
    (await served.puppet.next_call()).answer()
    await first
    assert [json.loads((await one).body)["batch"] for one in (second, third)] == [2, 2]


async def test_output_that_json_cannot_encode_is_an_error(served: Served) -> None:
    served.puppet.obey = lambda call: call.answer_with([Classification([1], [float("inf")])])
    assert_error(await post(served, picture()), 500, "internal")


# Invalid pictures


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (b"", 400, "bad_frame", "the body is empty"),
        (b"hello", 400, "bad_frame", "a jpeg, png or webp picture is required"),
        (picture("gif"), 400, "bad_frame", "looks like gif"),
        (picture()[:-30], 400, "bad_frame", "truncated jpeg"),
        (picture() + POISON, 400, "bad_frame", "the model rejects this picture"),
        (picture("webp"), 415, "unsupported_format", "not webp"),
        (picture("png", 500, 400), 413, "frame_too_large", "200000 pixels; the limit is 100000"),
        (picture() + bytes(30_000), 413, "frame_too_large", "the limit is 20000"),
        (picture() + bytes(100_000), 413, "frame_too_large", "at most 20000 bytes"),
    ],
)
async def test_wrong_pictures(
    serve: Serve, body: bytes, status: int, code: str, words: str
) -> None:
    served = serve(max_upload_bytes=20_000, max_pixels=100_000)
    assert_error(await post(served, body), status, code, words)
    assert_error(await post(served, form(("f", body, "a.jpg")), FORM), status, code)
    assert (await post(served, picture())).code == 200


# Invalid forms and options


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (form(("min_score", b"1")), FORM, "the form has no file"),
        (form(("a", b"1", "a.jpg"), ("b", b"2", "b.jpg")), FORM, "the form has 2 files"),
        (form(("a", picture(), "a.jpg"))[:-40], FORM, "broken multipart body"),
        (b"junk", FORM, "broken multipart body"),
        (form(("a", b"1", "a.jpg")), "multipart/form-data", "broken multipart body"),
        (form(*[(f"n{i}", b"") for i in range(33)]), FORM, "more than 32 parts"),
        (form(*[(f"n{i}", b"") for i in range(32)]), FORM, "the form has no file"),
    ],
)
async def test_wrong_forms(served: Served, body: bytes, content_type: str, words: str) -> None:
    assert_error(await post(served, body, content_type), 400, "bad_message", words)


PART = 'Content-Disposition: form-data; name="file"; filename="a.jpg"'


def form_of(head: str, boundary: str = "X", before: bytes = b"", padding: bytes = b"") -> bytes:
    """Return a form with one part, whose headers are ``head``."""
    start = before + b"--" + boundary.encode() + padding + b"\r\n"
    end = b"\r\n--" + boundary.encode() + b"--" + padding
    return start + head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + picture() + end


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=X", form_of(PART)),
        ("Multipart/Form-Data; boundary=X", form_of(PART)),
        ("multipart/form-data; Boundary=X", form_of(PART)),
        ("MULTIPART/FORM-DATA;BOUNDARY=X;charset=utf-8", form_of(PART)),
        ('multipart/form-data; charset=utf-8; boundary="X"', form_of(PART)),
        ('multipart/form-data; boundary="a b:c"', form_of(PART, "a b:c")),
        ("multipart/form-data; boundary=X", form_of(PART.lower())),
        ("multipart/form-data; boundary=X", form_of(PART.upper())),
        ("multipart/form-data; boundary=X", form_of(f"Content-Type: image/jpeg\n{PART}")),
        ("multipart/form-data; boundary=X", form_of(PART.replace('"', ""))),
        ("multipart/form-data; boundary=X", form_of(PART.replace("a.jpg", "照片 1.jpg"))),
        (
            "multipart/form-data; boundary=X",
            form_of("content-disposition: form-data; name=f; filename*=UTF-8''%E7%85%A7.jpg"),
        ),
        ("multipart/form-data; boundary=X", form_of(PART, before=b"preamble\r\n")),
        ("multipart/form-data; boundary=X", form_of(PART, padding=b" \t")),
    ],
)
async def test_forms_are_matched_regardless_of_case(
    served: Served, content_type: str, body: bytes
) -> None:
    """Names and media types ignore case, and values may be quoted."""
    response = await post(served, body, content_type)
    assert response.code == 200, fields_of(response)
    assert served.puppet.calls[0].frames[0].data == picture()


def with_line_feeds(head: str, before: bytes = b"", padding: bytes = b"") -> bytes:
    """Return a form whose lines end with LF. The picture itself has both kinds of line breaks."""
    start = before + b"--X" + padding + b"\n" + head.encode() + b"\n\n"
    return start + picture() + b"\n--X--\n"


@pytest.mark.parametrize(
    "body",
    [
        with_line_feeds(PART),
        with_line_feeds(PART, padding=b" "),
        with_line_feeds(f"{PART}\nContent-Type: image/jpeg"),
        with_line_feeds(PART, before=b"\n"),
        with_line_feeds(PART, before=b"preamble\n"),
        form_of(PART, before=b"\r\n"),
        form_of(PART) + b"\r\n",
        form_of(PART) + b"\r\nepilogue",
        form_of(f"{PART}\nContent-Length: {len(picture())}"),
        form_of(f"{PART}\nContent-Transfer-Encoding: binary"),
        form_of(PART).replace(b"a.jpg", "照片.jpg".encode("gbk")),
    ],
)
async def test_forms_as_clients_really_write_them(served: Served, body: bytes) -> None:
    response = await post(served, body, "multipart/form-data; boundary=X")
    assert response.code == 200, fields_of(response)
    assert served.puppet.calls[0].frames[0].data == picture()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (form_of(PART)[:-2], "the final boundary is missing"),
        (form_of(PART.replace("form-data", "attachment")), "Content-Disposition: form-data"),
        (form_of("Content-Type: image/jpeg"), "Content-Disposition: form-data"),
        (form_of("Content-Disposition: form-data"), "Content-Disposition: form-data"),
        (form_of(PART, padding=b"Y"), "text follows a boundary"),
        (form_of(PART + "\nX-Long: " + "x" * 9000), "too many"),
        (b"--X\r\n\xff: a\r\n\r\n\r\n--X--", "Content-Disposition: form-data"),
        (b"--X\r\nno headers end\r\n--X--", "no headers"),
        (b"--X--", "no file"),
        (b"", "the final boundary is missing"),
        (form_of("", boundary="Y"), "the final boundary is missing"),
        (
            form_of("Content-Disposition: form-data; name*=undefined''a"),
            "the parameters of a Content-Disposition",
        ),
        (form_of(f"{PART}; a*=utf-8''b; a*0=c"), "the parameters of a Content-Disposition"),
        # Python's parser would take 80 ms for each such part.
        (form_of(f'{PART}; a="{";" * 8000}"'), "a Content-Disposition has more than 32 semicolons"),
        (
            form_of(f"{PART}\nX-Long: {'x' * 8000}").replace(b"--X--", b"") * 5 + b"--X--",
            "its parts have more than 32768 bytes of headers",
        ),
        (form_of(f"{PART}; a*{'9' * 5000}=b"), "the parameters of a Content-Disposition"),
    ],
)
async def test_broken_forms(served: Served, body: bytes, words: str) -> None:
    response = await post(served, body, "multipart/form-data; boundary=X")
    assert_error(response, 400, "bad_message", words)


async def test_a_content_type_with_broken_parameters(served: Served) -> None:
    kind = "multipart/form-data; boundary*=utf-8''X; boundary*0=X"
    response = await post(served, form_of(PART), kind)
    assert_error(response, 400, "bad_message", "the parameters of a Content-Type")
    for text in ("unicode_escape''%5Cud800", "utf-8''%C3%A9", "punycode''" + "b" * 9000):
        response = await post(served, form_of(PART), f"multipart/form-data; boundary*={text}")
        assert_error(response, 400, "bad_message", "broken multipart body")
    response = await post(served, form_of(PART), f"multipart/form-data; boundary=X{';' * 9000}")
    assert_error(response, 400, "bad_message", "a Content-Type has more than 32 semicolons")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, identity"])
async def test_compressed_bodies_are_rejected(served: Served, encoding: str) -> None:
    body = gzip.compress(picture())
    response = await post(served, body, headers={"Content-Encoding": encoding})
    assert_error(response, 415, "unsupported_format", "send the body uncompressed")
    assert response.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["identity", "Identity", ""])
async def test_content_encoding_identity(served: Served, encoding: str) -> None:
    response = await post(served, picture(), headers={"Content-Encoding": encoding})
    assert response.code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?version=x", "'version' must be an integer, not 'x'"),
        ("?version=1.5", "'version' must be an integer"),
        ("?version=-1", "'version' must be an integer from 0 to"),
        ("?min_score=2", "'min_score' must be a number from 0 to 1"),
        ("?min_score=nan", "'min_score' must be finite"),
        ("?max_results=", "'max_results' must be an integer"),
        ("?label=a&version=1", "exclude each other"),
        ("?then=", "'model' must be a string of 1 to 256"),
        ("?then={", "'then' is not valid JSON"),
        ("?then={}", "'then' needs the name of a 'model'"),
        ("?model=", "'model' must be a string of 1 to 256"),
        ("?model=%0a", "'model' must be a string"),
        ("?client=" + "x" * 300, "'client' must be a string"),
    ],
)
async def test_wrong_options(served: Served, query: str, words: str) -> None:
    assert_error(await post(served, picture(), query=query), 400, "bad_message", words)


async def test_options_that_are_not_utf_8(served: Served) -> None:
    assert_error(await post(served, picture(), query="?model=%ff"), 404, "unknown_model")


# The model server


async def test_an_unknown_model(served: Served) -> None:
    response = await post(served, picture(), query="?model=cats")
    assert_error(response, 404, "unknown_model", "there is no cats")


async def test_an_unusable_model(served: Served) -> None:
    served.puppet.models[ModelKey("text")] = UnusableModel("takes no pictures")
    response = await post(served, picture(), query="?model=text")
    assert_error(response, 422, "unusable_model", "takes no pictures")


async def test_no_model_server(served: Served) -> None:
    served.puppet.go_away()
    assert_error(await post(served, picture()), 503, "backend_unavailable")
    served.puppet.come_back()
    while (await post(served, picture())).code == 503:
        pass
    assert served.gateway.ready() is None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ModelFailed("exploded"), 502, "model_failed"),
        (BackendUnavailable("lost"), 503, "backend_unavailable"),
        (ZeroDivisionError(), 500, "internal"),
    ],
)
async def test_a_call_that_fails(served: Served, error: Exception, status: int, code: str) -> None:
    served.puppet.obey = lambda call: call.fail(error)
    assert_error(await post(served, picture()), status, code)


async def test_a_picture_that_was_dropped(served: Served) -> None:
    served.puppet.obey = lambda call: call.fail(DeadlineExceeded())
    response = await post(served, picture())
    assert (response.code, response.headers["Retry-After"]) == (503, "1")
    assert fields_of(response) == {"type": "dropped", "reason": "expired"}


async def test_too_many_sessions(serve: Serve) -> None:
    served = serve(max_sessions=1)
    served.puppet.obey = None
    first = AsyncHTTPClient().fetch(served.url("/v1/infer"), method="POST", body=picture())
    call = await served.puppet.next_call()
    assert_error(await post(served, picture()), 503, "overloaded", "at most 1 may be open")
    call.answer()
    assert (await first).code == 200


async def test_a_draining_gateway_refuses_pictures(served: Served) -> None:
    assert (await post(served, picture())).code == 200
    await served.gateway.drain(0)
    assert_error(await post(served, picture()), 503, "overloaded", "shutting down")


async def test_draining_answers_pending_pictures(served: Served) -> None:
    served.puppet.obey = None
    answered = AsyncHTTPClient().fetch(served.url("/v1/infer"), method="POST", body=picture())
    call = await served.puppet.next_call()
    drained = asyncio.ensure_future(served.gateway.drain(5))
    call.answer()
    await drained
    assert (await answered).code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods(served: Served, method: str) -> None:
    response = await post(
        served, picture(), method=method, allow_nonstandard_methods=True, query="?model=cats"
    )
    assert_error(response, 405, "bad_message", "Method Not Allowed")
    assert response.headers["Allow"] == "POST, OPTIONS"


async def test_an_upload_leaves_nothing_behind(served: Served) -> None:
    for _ in range(5):
        await post(served, picture())
    value = Metrics(served.gateway).registry.get_sample_value
    assert value("framewire_sessions") == 0
    assert accounts(served.gateway) == (5, {"result": 5})
    assert served.gateway._models.current(DIGITS) == model()
    assert set(served.gateway._models._entries) == {DIGITS, STABLE}
