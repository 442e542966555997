"""Memory that is freed stays with the process, up to a limit, instead of going back to the kernel at once.

A read allocates tens of megabytes and frees them; glibc returns such blocks, and the next read gets them back page by
page, zeroed: 15,000 page faults, a fifth of its time.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's names for its settings, from malloc.h
KEPT = 128 << 20  # bytes of freed memory that stay; a batch of the longest prompts takes about 100 MB
LARGEST = 32 << 20  # bytes of the largest block that is taken from this memory; glibc allows no more


def keep_freed_memory() -> None:
    """Tell the C library; for the whole process. Without glibc nothing happens."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_TRIM_THRESHOLD, KEPT)
            mallopt(_MMAP_THRESHOLD, LARGEST)
