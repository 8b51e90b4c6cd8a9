"""Read what a PNG says about its colours (PNG, third edition, 11.3.2): cICP, iCCP, sRGB, gAMA and cHRM."""

import struct

import numpy as np

from pipeline.core.errors import BadInput
from pipeline.core.photo.colour import BT709, SRGB, Corners, Encoding, by_code_points, embedded, with_primaries

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BIT_DEPTH_AT = 24
_SRGB_GAMMA = range(45000, 46001)  # what programs write into gAMA to say "sRGB" where a reader knows only gAMA
_NEAR = 0.002  # of a chromaticity: programs round sRGB's


def png_encoding(data: bytes, profile: bytes | None) -> Encoding | None:
    """The encoding by the chunk that takes precedence; None where the PNG has no such chunk.

    `profile` is the iCCP chunk's content. Raises BadInput for HDR and for chromaticities that describe no colour space.
    """
    chunks = _chunks_before_pixels(data)
    if len(cicp := chunks.get(b"cICP", b"")) == 4:
        if cicp[2] != 0 or cicp[3] != 1:
            raise BadInput("its cICP chunk says that it is not full-range RGB", remedy="Save it as sRGB")
        return by_code_points(cicp[0], cicp[1], "PNG's cICP")
    if profile:
        return embedded(profile)
    if b"sRGB" in chunks:
        return SRGB
    return _by_gamma(chunks)


def _by_gamma(chunks: dict[bytes, bytes]) -> Encoding | None:
    gama, chrm = chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b"")
    gamma = struct.unpack(">I", gama)[0] if len(gama) == 4 else 0
    corners = _corners(chrm) if len(chrm) == 32 else BT709
    if corners == BT709 and (not gamma or gamma in _SRGB_GAMMA):
        return SRGB if gamma else None
    source = "PNG's gAMA" if not chrm else "PNG's cHRM" if not gamma else "PNG's gAMA and cHRM"
    return with_primaries(corners, 1e5 / gamma if gamma else None, source)


def _corners(chrm: bytes) -> Corners:
    """Red, green, blue and white; exactly sRGB's where they are sRGB's, rounded."""
    white, red, green, blue = ((x / 1e5, y / 1e5) for x, y in struct.iter_unpack(">II", chrm))
    corners = (red, green, blue, white)
    return BT709 if np.allclose(corners, BT709, rtol=0, atol=_NEAR) else corners


def _chunks_before_pixels(data: bytes) -> dict[bytes, bytes]:
    chunks: dict[bytes, bytes] = {}
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            break
        if length <= 64:  # every chunk of interest is short
            chunks.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 12 + length
    return chunks
