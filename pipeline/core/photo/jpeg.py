"""Decode a JPEG and refuse a damaged one.

libjpeg paints over damage: it warns, and Pillow drops the warning. Here a warning is a verdict.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import simplejpeg

from pipeline.core.arrays import Pixels
from pipeline.core.errors import BadInput
from pipeline.core.photo.container import DAMAGED_REMEDY, require_no_damage

ZERO_RUN = b"\0" * 16
"""A card's bad sector and a copy that stopped leave zeros. A scan holds so many only where zeros mean "no change"."""
# some cameras pad the end of the scan by a few bytes, which every decoder skips
_PADDED = re.compile(r"Corrupt JPEG data: [1-4] extraneous bytes before marker 0xd9")
# the TurboJPEG library decodes usual subsampling only; whole files with another are rare
_UNUSUAL = "Could not determine subsampling"
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # ends a run of coded data: neither a stuffed byte nor a restart
_PROGRESSIVE = 0xC2
_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}  # baseline, extended and progressive; the others are not decoded anyway
_HUFFMAN, _SCAN, _END = 0xC4, 0xDA, 0xD9


def jpeg_pixels(data: bytes, mode: str) -> Pixels | None:
    """Decode to [h, w] gray or [h, w, 3] RGB, as stored; None where Pillow must decode, after the data were checked.

    `mode` is Pillow's: L, RGB or CMYK. Raises BadInput when libjpeg warns of damage, or the coded data contain zeros.
    """
    require_no_damage(_zeros_at(data))
    colours = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}[mode]
    try:
        pixels = simplejpeg.decode_jpeg(data, colours, strict=True)
    except ValueError as error:
        if _UNUSUAL in str(error):
            return None
        if not _PADDED.fullmatch(str(error).strip()):
            raise BadInput(f"the picture is damaged or truncated ({error})", remedy=DAMAGED_REMEDY) from None
        pixels = simplejpeg.decode_jpeg(data, colours, strict=False)
    if mode == "CMYK":
        return None  # cameras write none; Pillow knows which programs store CMYK inverted
    return np.asarray(pixels[..., 0] if mode == "L" else pixels, np.uint8)


def _zeros_at(data: bytes) -> int | None:
    for start, end in _scans(data):
        at = data.find(ZERO_RUN, start, end)
        if at >= 0:
            return at
    return None


@dataclass
class _Tables:
    """What precedes a scan. `first`: Huffman table (class and slot) -> the symbol whose code is all zeros."""

    frame: int = 0
    first: dict[int, int] = field(default_factory=dict)

    def read(self, marker: int, body: bytes) -> None:
        """Take in a segment of the header."""
        if marker in _FRAMES:
            self.frame = marker
        while marker == _HUFFMAN and len(body) > 17:
            symbols = sum(body[1:17])
            self.first[body[0]] = body[17]
            body = body[17 + symbols :]

    def zeros_are_damage(self, scan: bytes) -> bool:
        """Whether zeros decode to detail: an encoder may give the all-zero codes to "as before" and "end of block"."""
        slots = [scan[2 + 2 * index] for index in range(scan[0])]
        spectral, refining = scan[1 + 2 * scan[0]], scan[3 + 2 * scan[0]] >> 4
        if self.frame not in _FRAMES:
            return False
        if refining:  # of the lowest frequency, one bit per block; of the others, random bits between codes
            return spectral > 0
        means_same = []
        for slot in slots:
            if spectral == 0:
                means_same.append(self.first.get(slot >> 4) == 0)
            if spectral or self.frame != _PROGRESSIVE:
                symbol = self.first.get(0x10 | (slot & 15), 0)
                means_same.append(symbol & 15 == 0 and symbol != 0xF0)
        return not all(means_same)


def _scans(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the coded data lie in which a run of zeros is damage: (start, end) in bytes."""
    tables, at = _Tables(), 2
    try:
        while data[at] == 0xFF:
            marker = data[at + 1]
            if marker == 0xFF:
                at += 1
                continue
            if marker == _END:
                return
            (length,) = struct.unpack_from(">H", data, at + 2)
            body, at = data[at + 4 : at + 2 + length], at + 2 + length
            tables.read(marker, body)
            if marker == _SCAN:
                found = _MARKER.search(data, at)
                end = found.start() if found else len(data)
                if tables.zeros_are_damage(body):
                    yield at, end
                at = end
    except (IndexError, struct.error):
        return  # a damaged header: the decoder says so
