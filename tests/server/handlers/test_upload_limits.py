"""POST /v1/infer: uploads that are too large, too slow, too many, or abandoned."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from server.core import upload
from server.core.model import ModelKey
from server.handlers import infer
from server.handlers.infer import FORM_BYTES
from server.runtime.metrics import Metrics
from tests.server.camera import accounts
from tests.server.handlers.conftest import Serve, Served
from tests.server.samples import picture
from tests.server.waiting import PATIENCE_S, until

PICTURE = picture()


class Upload:
    """A request whose body is sent in pieces."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def begin(
        cls, served: Served, length: int | None, method: str = "POST", *head: str, query: str = ""
    ) -> Upload:
        """Send the head of a request with a body of ``length`` bytes (None: not said)."""
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        said = [] if length is None else [f"Content-Length: {length}"]
        lines = [f"{method} /v1/infer{query} HTTP/1.1", "Host: h", *said, *head, "", ""]
        writer.write("\r\n".join(lines).encode())
        return cls(reader, writer)

    def send(self, data: bytes) -> None:
        """Send a part of the body."""
        self._writer.write(data)

    async def status(self) -> int:
        """The status of the next answer."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        lines = head.decode().split("\r\n")
        lengths = [line.split(":")[1] for line in lines if line.startswith("Content-Length")]
        self.fields: dict[str, Any] = {}
        if lengths:
            self.fields = json.loads(await self._reader.readexactly(int(lengths[0])))
        return int(lines[0].split()[1])

    async def ended(self) -> bool:
        """Whether the server ends the connection without another word."""
        try:
            return await asyncio.wait_for(self._reader.read(), PATIENCE_S) == b""
        except ConnectionResetError:
            return True

    def leave(self) -> None:
        """Close the connection, whatever is unsent."""
        self._writer.transport.abort()


async def send_whole(served: Served) -> int:
    """Upload a picture; return the response's status."""
    upload = await Upload.begin(served, len(PICTURE))
    upload.send(PICTURE)
    status = await upload.status()
    upload.leave()
    return status


async def one_slot_is_free(served: Served) -> None:
    """Check that exactly one slot is free, where ``max_uploads`` is 1."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while await send_whole(served) == 503:
        assert asyncio.get_running_loop().time() < deadline, "the slot was not released"
    holder = await Upload.begin(served, len(PICTURE))
    holder.send(PICTURE[:10])
    while await send_whole(served) == 200:
        assert asyncio.get_running_loop().time() < deadline, "a slot was released twice"
    assert await send_whole(served) == 503
    holder.send(PICTURE[10:])
    assert await holder.status() == 200
    holder.leave()


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve(max_uploads=1, max_upload_bytes=50_000)


# Too many


async def test_one_upload_too_many(served: Served) -> None:
    first = await Upload.begin(served, len(PICTURE))
    first.send(PICTURE[:100])
    second = await Upload.begin(served, len(PICTURE))
    second.send(PICTURE)
    assert await second.status() == 503
    assert second.fields["code"] == "overloaded"
    assert second.fields["message"] == (
        "too many uploads: at most 1 may be under way; try again later"
    )
    first.send(PICTURE[100:])
    assert await first.status() == 200
    await one_slot_is_free(served)


async def test_a_slot_is_released_once_the_picture_is_answered(served: Served) -> None:
    served.puppet.obey = None
    first = await Upload.begin(served, len(PICTURE))
    first.send(PICTURE)
    call = await served.puppet.next_call()
    assert await send_whole(served) == 503
    call.answer()
    assert await first.status() == 200
    served.puppet.obey = lambda call: call.judge()
    await one_slot_is_free(served)


async def test_other_methods_take_no_slot(served: Served) -> None:
    upload = await Upload.begin(served, len(PICTURE), "PUT")
    upload.send(PICTURE[:10])
    assert await send_whole(served) == 200
    upload.send(PICTURE[10:])
    assert await upload.status() == 405
    await one_slot_is_free(served)


# Chunked


@pytest.mark.parametrize(
    ("extension", "status"),
    [
        ("", 200),
        (";name", 200),
        (";name=value", 200),
        (' ;name="a; quoted value"', 200),
        ("\t; a=1;b=2", 200),
        (";" + "x" * 40, 200),
        (" ", 400),
        ("x", 400),
        (";a\nb", 400),
        (";a\rb", 400),
        (";" + "x" * 100, None),  # too long: the connection ends
    ],
)
async def test_chunk_extensions_are_ignored(
    served: Served, extension: str, status: int | None
) -> None:
    upload = await Upload.begin(served, None, "POST", "Transfer-Encoding: chunked")
    for part in (PICTURE[:100], PICTURE[100:]):
        upload.send(f"{len(part):x}{extension}\r\n".encode() + part + b"\r\n")
    upload.send(f"0{extension}\r\n\r\n".encode())
    if status is None:
        assert await upload.ended()
    else:
        assert await upload.status() == status
    upload.leave()
    await one_slot_is_free(served)


# Too large


@pytest.mark.parametrize("too_many", [1, 50_000])
async def test_a_body_slightly_too_large_gets_an_answer(served: Served, too_many: int) -> None:
    length = 50_000 + FORM_BYTES + too_many
    upload = await Upload.begin(served, length)
    upload.send(bytes(length))
    assert await upload.status() == 413
    assert upload.fields["code"] == "frame_too_large"
    assert upload.fields["message"] == "a picture may have at most 50000 bytes"
    # The connection can still be used.
    await one_slot_is_free(served)


async def test_a_body_far_too_large_is_not_awaited(served: Served) -> None:
    upload = await Upload.begin(served, 10**12)
    assert await upload.status() == 413
    assert await upload.ended()
    await one_slot_is_free(served)


@pytest.mark.parametrize("length", ["-1", "x", "1, 2", "1" * 30, "1" * 5000, "\xb2"])
async def test_malformed_content_lengths(served: Served, length: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = f"POST /v1/infer HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n"
    writer.write(head.encode("latin-1"))
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
    assert answer.split()[1] in (b"400", b"413")
    writer.close()
    await one_slot_is_free(served)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def test_a_chunked_body(served: Served) -> None:
    upload = await Upload.begin(served, None, "POST", "Transfer-Encoding: chunked")
    for at in range(0, len(PICTURE), 500):
        upload.send(chunk(PICTURE[at : at + 500]))
    upload.send(chunk(b""))
    assert await upload.status() == 200
    await one_slot_is_free(served)


async def test_a_chunked_body_that_is_too_large_releases_its_slot(served: Served) -> None:
    upload = await Upload.begin(served, None, "POST", "Transfer-Encoding: chunked")
    upload.send(chunk(bytes(50_001 + FORM_BYTES)))
    await one_slot_is_free(served)
    upload.send(chunk(b""))
    assert await upload.status() == 413
    assert upload.fields["message"] == "a picture may have at most 50000 bytes"


async def test_expect_continue_is_answered_before_the_body(served: Served) -> None:
    expects = "Expect: 100-continue"
    upload = await Upload.begin(served, len(PICTURE), "POST", expects)
    assert await upload.status() == 100
    refused = await Upload.begin(served, len(PICTURE), "POST", expects)
    assert await refused.status() == 503
    value = Metrics(served.gateway).registry.get_sample_value
    assert value("framewire_sessions_refused_total", {"reason": "max_uploads"}) == 1
    upload.send(PICTURE)
    assert await upload.status() == 200
    large = await Upload.begin(served, 50_001 + FORM_BYTES, "POST", expects)
    assert await large.status() == 413
    await one_slot_is_free(served)


async def test_expect_continue_in_any_case(served: Served) -> None:
    upload = await Upload.begin(served, len(PICTURE), "POST", "Expect: 100-Continue")
    assert await upload.status() == 100


# By address


async def begin_as(served: Served, address: str) -> Upload:
    upload = await Upload.begin(served, len(PICTURE), "POST", f"X-Forwarded-For: {address}")
    upload.send(PICTURE[:10])
    return upload


async def test_an_address_leaves_slots_for_others(serve: Serve) -> None:
    served = serve(max_uploads=4, max_uploads_per_address=2, trusted_proxies="127.0.0.1")
    ann = [await begin_as(served, "8.8.8.8") for _ in range(3)]
    ann[2].send(PICTURE[10:])
    assert await ann[2].status() == 503
    words = "too many uploads from this address: at most 2 may be under way"
    assert ann[2].fields["message"] == f"{words}; wait for one to end"
    bob = await begin_as(served, "8.8.4.4")
    for admitted in (bob, *ann[:2]):
        admitted.send(PICTURE[10:])
        assert await admitted.status() == 200
    again = await begin_as(served, "8.8.8.8")
    again.send(PICTURE[10:])
    assert await again.status() == 200


# Too slow, or abandoned


async def test_an_upload_that_crawls_is_aborted(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends something now and then, and would hold its slot for a minute."""
    monkeypatch.setattr(upload, "GRACE_S", 0.2)
    crawling = await Upload.begin(served, len(PICTURE))
    ended = asyncio.ensure_future(crawling.ended())
    for at in range(len(PICTURE)):
        if ended.done():
            break
        crawling.send(PICTURE[at : at + 1])
        await asyncio.wait((ended,), timeout=0.02)
    assert ended.result()
    value = Metrics(served.gateway).registry.get_sample_value
    assert value("framewire_sessions_refused_total", {"reason": "slow_upload"}) == 1
    monkeypatch.undo()
    await one_slot_is_free(served)


async def test_a_stalled_upload_is_aborted(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infer, "UPLOAD_TIMEOUT_S", 0.05)
    stalled = await Upload.begin(served, len(PICTURE))
    stalled.send(PICTURE[:50])
    assert await stalled.ended()
    monkeypatch.undo()
    await one_slot_is_free(served)


async def test_a_client_that_disconnects_during_its_upload(served: Served) -> None:
    for _ in range(5):
        upload = await Upload.begin(served, len(PICTURE))
        upload.send(PICTURE[:50])
        upload.leave()
        await one_slot_is_free(served)


async def test_a_client_that_disconnects_after_an_early_answer(served: Served) -> None:
    for _ in range(5):
        upload = await Upload.begin(served, 10**12)
        assert await upload.status() == 413
        upload.send(bytes(1000))
        upload.leave()
        slow = await Upload.begin(served, 50_001 + FORM_BYTES)
        slow.send(bytes(1000))
        slow.leave()
    await one_slot_is_free(served)


async def test_a_client_that_disconnects_during_inference(served: Served) -> None:
    served.puppet.obey = None
    upload = await Upload.begin(served, len(PICTURE))
    upload.send(PICTURE)
    call = await served.puppet.next_call()
    upload.leave()
    value = Metrics(served.gateway).registry.get_sample_value
    await until(lambda: value("framewire_sessions") == 0)
    call.answer()
    served.puppet.obey = lambda call: call.judge()
    await one_slot_is_free(served)
    assert accounts(served.gateway)[1]["disconnected"] == 1


async def test_a_client_that_disconnects_during_model_lookup(served: Served) -> None:
    assert await send_whole(served) == 200
    served.puppet.answers_lookups.clear()
    upload = await Upload.begin(served, len(PICTURE), "POST", query="?model=cats")
    upload.send(PICTURE)
    await until(lambda: ModelKey("cats") in served.puppet.lookups)
    upload.leave()
    await one_slot_is_free(served)
