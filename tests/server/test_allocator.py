"""Freed memory is kept, so that the next batch or large frame costs no page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from loadtest.stack import ROOT

PROGRAM = """
import resource
from server.allocator import keep_freed_memory

def faults(*sizes):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [b"x" * size for size in sizes]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

batch = [650_000] * 3
kept = keep_freed_memory()
faults(*batch)
print(kept, faults(*batch), faults(1_250_000), faults(*batch, *batch[:2]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_batches_and_raw_frames_reuse_their_pages() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    kept, three, raw, five = shown.stdout.split()
    if kept == "False":
        pytest.skip("another C library")
    assert int(three) < 60
    assert int(raw) < 60
    # Of more than that, only the rest goes back: 5656 page faults instead of 11755.
    assert int(five) < 8000
