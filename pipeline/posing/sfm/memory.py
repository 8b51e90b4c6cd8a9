"""Plans how many photos are worked on side by side, so that SfM stays below 1 GB on any machine.

A machine with 16 cores would otherwise extract the features of 16 photos at once, half a gigabyte each.
"""

ROOM_BYTES = 650_000_000
"""For what is worked on; libraries, descriptors and the database take the rest of 1 GB."""
EXTRACTION_BYTES_PER_PX = 300
"""Of COLMAP's SIFT, whose scale space begins at twice the size: 600 MB for 1500 x 1125 px, 323 MB for 1000 x 750 px,
less 87 MB for the libraries (pycolmap 4.2.1; `python -m benchmarks.sfm_memory`)."""
PREPARATION_BYTES_PER_PX = 12
"""Of a whole photo and its cut-out, decoded and made grey."""


def at_once(pixels: int, bytes_per_px: int, threads: int) -> int:
    """How many pictures of at most `pixels` are worked on at once: as many as there is room for, at least one."""
    return max(1, min(threads, ROOM_BYTES // max(1, pixels * bytes_per_px)))
