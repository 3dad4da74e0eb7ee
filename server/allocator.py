"""How much freed memory the process keeps for its next frames.

glibc's defaults are for programs that seldom free large blocks. A gateway allocates and frees a
picture several times for each frame, and ten times as much for each batch: most of that went
back to the kernel at once, and came back page by page.
"""

from __future__ import annotations

import ctypes

# Of malloc.h: from how much free memory at the end of the heap on some goes back to the kernel,
# how much of it stays, and how large a block is that gets pages of its own, which go back when it
# is freed.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -2, -3, -8

KEPT_BYTES = 2 << 20
"""Three batches. With 4 or 16 MB a frame takes as long, and the process more memory."""
LARGEST_BYTES = 3 << 20
"""The largest frame (2 MiB), in a buffer that grew with it: raw pixels of 640x480 have 1.2 MB."""
ARENAS = 2
"""The heaps that threads share; with one for each thread of gRPC, each would keep its own."""


def keep_freed_memory() -> bool:
    """Keep up to ``KEPT_BYTES``. Return False where the allocator is not glibc's."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = {
        _M_TRIM_THRESHOLD: KEPT_BYTES,
        _M_TOP_PAD: KEPT_BYTES,  # by default, all but 128 KB would go back
        _M_MMAP_THRESHOLD: LARGEST_BYTES,
        _M_ARENA_MAX: ARENAS,
    }
    done = [mallopt(option, value) for option, value in wanted.items()]
    return all(done)
