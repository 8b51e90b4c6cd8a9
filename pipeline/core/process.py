"""Memory of this process: its peak, and how freed memory is kept."""

import ctypes
import functools
import resource
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of mallopt's settings, malloc.h


def peak_memory_mb() -> float:
    """Largest resident size so far, in MB (10^6 bytes)."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6


@functools.cache
def keep_freed_memory() -> None:
    """Have the C library keep what is freed, once a process, where it is glibc; nothing changes elsewhere.

    It gives arrays of megabytes back to the system at once, and every iteration of a fit gets them anew, page by page
    and cleared: a tenth of its time.
    """
    if sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallopt"):
        ctypes.CDLL(None).mallopt(_TRIM_THRESHOLD, 1 << 30)
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, 1 << 25)
