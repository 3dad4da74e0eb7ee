"""The least rate of an upload."""

from __future__ import annotations

from server.core.upload import GRACE_S, LEAST_BYTES_PER_S, UploadProgress


def test_an_upload_that_sends_nothing() -> None:
    assert UploadProgress(100.0).deadline == 100 + GRACE_S


def test_bytes_buy_time() -> None:
    upload = UploadProgress(0.0)
    upload.received(LEAST_BYTES_PER_S // 2)
    assert upload.deadline == GRACE_S + 0.5


def test_an_upload_that_crawls_is_cut_off() -> None:
    """A byte a second: the grace is all that it gets."""
    upload = UploadProgress(0.0)
    seconds = 0
    while seconds < upload.deadline:
        upload.received(1)
        seconds += 1
    assert seconds <= GRACE_S + 1


def test_a_slow_phone_is_not() -> None:
    upload = UploadProgress(0.0)
    for second in range(1, 600):
        upload.received(LEAST_BYTES_PER_S)
        assert second < upload.deadline
