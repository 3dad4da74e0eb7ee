"""Freed memory is kept, so that the next batch costs no page faults."""

from __future__ import annotations

import subprocess
import sys

import pytest

from loadtest.stack import ROOT

PROGRAM = """
import resource
from server.allocator import keep_freed_memory

def faults(count):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        blocks = [b"x" * 650_000 for _ in range(count)]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

kept = keep_freed_memory()
faults(3)
print(kept, faults(3), faults(5))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_batches_reuse_their_pages() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    kept, three, five = shown.stdout.split()
    if kept == "False":
        pytest.skip("another C library")
    assert int(three) < 60
    # Of more than that, only the rest goes back: 5656 page faults instead of 11755.
    assert int(five) < 8000
