"""Which clients get gzip, and what is kept of files."""

from __future__ import annotations

import gzip
import os
import random
from pathlib import Path

import pytest

from server.transport import compression
from server.transport.compression import LARGEST_BYTES, Contents, accepts_gzip

NOISE = random.Random(1).randbytes(5000)


@pytest.mark.parametrize(
    "header",
    ["gzip", "GZIP", "br, gzip", "gzip;q=0.5", "br;q=1.0, gzip ; q=0.001", "x-gzip", "*", "br,*"],
)
def test_clients_that_accept_gzip(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    ["", "identity", "br", "gzipped", "gzip;q=0", "gzip; q=0.0", "*;q=0", "*, gzip;q=0", "gzip;q="],
)
def test_clients_that_do_not(header: str) -> None:
    assert not accepts_gzip(header)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content " * 100)
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were read and compressed, in this order."""
    seen: list[Path] = []
    read = compression.read

    def recorded(path: Path) -> compression.Content:
        seen.append(path)
        return read(path)

    monkeypatch.setattr(compression, "read", recorded)
    return seen


def test_a_file_is_compressed_once(file: Path, reads: list[Path]) -> None:
    contents = Contents(limit_bytes=1_000_000)
    first = contents.of(str(file))
    assert first.compressed is not None
    assert gzip.decompress(first.compressed) == b"content " * 100
    assert contents.of(str(file)) is first
    assert reads == [file]


def test_a_file_that_has_changed_is_read_again(file: Path) -> None:
    contents = Contents(limit_bytes=1_000_000)
    before = contents.of(str(file))
    file.write_bytes(b"contents" * 100)  # of the same size, and a moment later
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    after = contents.of(str(file))
    assert after.version != before.version
    assert after.compressed is not None
    assert gzip.decompress(after.compressed) == b"contents" * 100


def test_equal_contents_have_equal_versions(file: Path, tmp_path: Path) -> None:
    """As on two gateways behind one proxy, installed at different times."""
    copy = tmp_path / "copy"
    copy.write_bytes(file.read_bytes())
    os.utime(copy, (0, 0))
    assert Contents(1_000_000).of(str(copy)) == Contents(1_000_000).of(str(file))


@pytest.mark.parametrize("content", [b"", b"short", NOISE, b" " * (LARGEST_BYTES + 1)])
def test_what_does_not_gain_is_not_compressed(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert Contents(limit_bytes=1_000_000).of(str(file)).compressed is None


def test_the_oldest_make_room(tmp_path: Path, reads: list[Path]) -> None:
    files = [tmp_path / name for name in "abc"]
    for one in files:
        one.write_bytes(NOISE.hex().encode())  # 10,000 bytes, and about 5000 compressed
    contents = Contents(limit_bytes=40_000)
    for one in (*files, files[2], files[1], files[0]):
        contents.of(str(one))
    assert reads == [*files, files[0]]
    for _ in range(5):  # a file that changes takes the place of itself alone
        os.utime(files[0], ns=(0, files[0].stat().st_mtime_ns + 1))
        contents.of(str(files[0]))
    contents.of(str(files[2]))
    assert reads[4:] == [files[0]] * 5
