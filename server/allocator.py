"""How much freed memory the process keeps for its next frames.

glibc's defaults are for programs that seldom free large blocks. A gateway allocates and frees a
picture several times for each frame, and ten times as much for each batch: most of that went
back to the kernel at once, and came back page by page.
"""

from __future__ import annotations

import ctypes

# Of malloc.h: how much free memory at the end of the heap goes back to the kernel, and how large
# a block is that gets pages of its own, which go back when it is freed.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

KEPT_BYTES = 16 << 20
"""Several batches of 16 large pictures under way at once."""
LARGEST_BYTES = 4 << 20
"""A batch of 16 large pictures."""


def keep_freed_memory() -> bool:
    """Keep up to ``KEPT_BYTES``. Return False where the allocator is not glibc's."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    kept = (mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES), mallopt(_M_MMAP_THRESHOLD, LARGEST_BYTES))
    return all(kept)
