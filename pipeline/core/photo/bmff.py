"""Read the boxes of a HEIC or AVIF file (ISO 14496-12, 23008-12): its picture's colour, and where its data lies."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

ZEROS = {b"hvc1": 8, b"av01": 32}
"""Items that hold a coded picture or a tile -> how many zero bytes in a row are damage.

HEVC never codes more than two (ISO 23008-2, 7.4.2), and the length of what follows adds three; AV1 codes a blank
picture with 16. A decoder paints over the damage.
"""
HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_MAX_ITEMS = 10_000


@dataclass(frozen=True)
class Nclx:
    """Code points of ITU-T H.273: colour primaries and transfer characteristics."""

    primaries: int
    transfer: int


def is_bmff(data: bytes) -> bool:
    """Whether these are the bytes of a HEIC or AVIF file, or of another of this family (video, CR3)."""
    return data[4:8] == b"ftyp"


def nclx_of(data: bytes) -> Nclx | None:
    """The code points that the primary picture declares; None where it declares none or the boxes are damaged."""
    for kind, body in _primary_properties(data):
        if kind == b"colr" and bytes(body[:4]) == b"nclx" and len(body) >= 8:
            return Nclx(*struct.unpack_from(">HH", body, 4))
    return None


def is_turned_by_boxes(data: bytes) -> bool:
    """Whether the primary picture has a rotation or a mirroring of its own, which its decoder applies."""
    return any(kind in {b"irot", b"imir"} for kind, _ in _primary_properties(data))


def damage_at(data: bytes) -> int | None:
    """Where a run of zeros lies in the coded pictures and tiles; None where there is none, or no readable boxes."""
    try:
        meta = _meta(data)
        zeros = {item: ZEROS[kind] for item, kind in _kinds(meta[b"iinf"]) if kind in ZEROS}
        for item, start, end in _extents(meta[b"iloc"]):
            if item in zeros and (at := data.find(b"\0" * zeros[item], start, end)) >= 0:
                return at
    except (LookupError, struct.error):
        return None
    return None


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """The kind and body of each box, in order. Raises struct.error when one is shorter than its header."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = len(data) if size == 0 else at + size
        if end < at + head:
            raise struct.error("a box is shorter than its header")
        yield kind, data[at + head : end]
        at = end


def _meta(data: bytes) -> dict[bytes, memoryview]:
    for kind, body in _boxes(memoryview(data)):
        if kind == b"meta":
            return dict(_boxes(body[4:]))
    raise LookupError("there is no meta box")


def _primary_properties(data: bytes) -> list[tuple[bytes, memoryview]]:
    """Kind and body of the primary picture's properties; empty when the boxes are damaged."""
    try:
        meta = _meta(data)
        pitm = meta[b"pitm"]
        (item,) = struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)
        properties = dict(_boxes(meta[b"iprp"]))
        contents = list(_boxes(properties[b"ipco"]))
        return [contents[index - 1] for index in _associations(properties[b"ipma"]).get(item, ()) if index]
    except (LookupError, struct.error):
        return []


def _associations(ipma: memoryview) -> dict[int, list[int]]:
    """Item -> the indices (from 1) of its properties."""
    version, wide = ipma[0], ipma[3] & 1
    (count,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    found: dict[int, list[int]] = {}
    for _ in range(min(count, _MAX_ITEMS)):
        (item,) = struct.unpack_from(">I" if version else ">H", ipma, at)
        at += 4 if version else 2
        size, mask = (2, 0x7FFF) if wide else (1, 0x7F)
        indices = struct.unpack_from(f">{ipma[at]}{'H' if wide else 'B'}", ipma, at + 1)
        found[item] = [index & mask for index in indices]
        at += 1 + size * ipma[at]
    return found


def _kinds(iinf: memoryview) -> Iterator[tuple[int, bytes]]:
    """Each item and its kind, from the `infe` boxes of version 2 and 3."""
    for kind, body in _boxes(iinf[8 if iinf[0] else 6 :]):
        if kind == b"infe" and body[0] in {2, 3}:
            layout = ">H2x4s" if body[0] == 2 else ">I2x4s"
            item, item_kind = struct.unpack_from(layout, body, 4)
            yield item, item_kind


def _extents(iloc: memoryview) -> Iterator[tuple[int, int, int]]:
    """(item, start, end) of each part of an item that lies at an offset from the file's start."""
    version = iloc[0]
    offset_size, length_size = iloc[4] >> 4, iloc[4] & 15
    base_size, index_size = iloc[5] >> 4, iloc[5] & 15 if version else 0
    at = 6

    def number(size: int) -> int:
        nonlocal at
        at += size
        return int.from_bytes(iloc[at - size : at], "big")

    for _ in range(min(number(4 if version == 2 else 2), _MAX_ITEMS)):
        item = number(4 if version == 2 else 2)
        method = number(2) & 15 if version else 0
        number(2)  # the index of the file that holds the data: 0, this one
        base = number(base_size)
        for _ in range(min(number(2), _MAX_ITEMS)):
            number(index_size)
            start, length = base + number(offset_size), number(length_size)
            if method == 0:
                yield item, start, start + length
