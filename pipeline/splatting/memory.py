"""Peak memory of this process."""

import resource
import sys


def peak_memory_mb() -> float:
    """Largest resident size so far, in MB (10^6 bytes)."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6
