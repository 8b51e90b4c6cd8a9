"""Find damage in a WebP file, which its decoder paints over."""

import struct

ZEROS = bytes(4096)
"""A copy that stopped and a lost cluster of a disk leave this many. Blank pictures are coded with zeros, but fewer:
about 33 per megapixel.
"""
_CODED = {b"VP8 ", b"VP8L"}


def damage_at(data: bytes) -> int | None:
    """Where a run of zeros lies in the coded picture; None where there is none."""
    at = 12  # after RIFF, its size, and WEBP
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind in _CODED and (found := data.find(ZEROS, at, at + 8 + size)) >= 0:
            return found
        at += 8 + size + size % 2
    return None
