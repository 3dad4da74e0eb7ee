"""Freed memory is kept, so that the next batch or large frame costs no page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from loadtest.stack import ROOT

PROGRAM = """
import resource
from server.allocator import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for sizes in 20 * ([650_000] * 3, [1_250_000]):
        blocks = [bytes(size) for size in sizes]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

kept = keep_freed_memory()
faults()
print(kept, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_batches_and_raw_frames_reuse_their_pages() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    kept, faults = shown.stdout.split()
    if kept == "False":
        pytest.skip("another C library")
    assert int(faults) < 60
