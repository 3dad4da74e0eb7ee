"""The memory of this process: what the C library (glibc) keeps, and what only the start needs."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import mmap
from collections.abc import Iterator

# Of malloc.h, with mallopt's limits: how much free memory at the end of the heap goes back to the
# kernel, how large a block is that gets pages of its own, and how many heaps there are.
_LIMITS = {-1: 1 << 20, -3: 1 << 20, -8: 2}
_LIBRARY = "/libtensorflow"


def limit_heaps() -> None:
    """Keep little freed memory. Call it before other threads start, each with a heap of its own.

    Large tensors then come from the kernel and go back to it, which costs a batch no time that
    could be measured.
    """
    with contextlib.suppress(OSError, AttributeError):
        for option, value in _LIMITS.items():
            ctypes.CDLL(None).mallopt(option, value)


def give_back_memory() -> None:
    """Return freed memory to the operating system, where the C library keeps it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def settle() -> None:
    """Free what only the start needed, and spare later garbage collections the rest.

    Loading TensorFlow's library runs code all over it. The kernel maps what is used again within
    microseconds, from its cache of the file.
    """
    gc.collect()
    gc.freeze()  # a collection pauses all threads, longer the more there is to look at
    with contextlib.suppress(OSError, AttributeError):
        for start, length in _code():
            ctypes.CDLL(None).madvise(
                ctypes.c_void_p(start), ctypes.c_size_t(length), mmap.MADV_DONTNEED
            )


def _code() -> Iterator[tuple[int, int]]:
    """Yield the address and the length of each part of TensorFlow's library that is code.

    It is never written to, so nothing is lost with its pages.
    """
    with open("/proc/self/maps") as maps:
        for line in maps:
            addresses, access, *rest = line.split()
            if access == "r-xp" and _LIBRARY in rest[-1]:
                start, end = (int(address, 16) for address in addresses.split("-"))
                yield start, end - start
