"""A chart of known sRGB colours, coded for other colour spaces and saved as cameras and editors save it."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from pipeline.core.linear import decode, encode

PATCH_PX = 24
PATCHES = np.concatenate(
    [
        np.array([[176, 48, 52], [60, 140, 70], [40, 70, 170], [230, 190, 60], [128, 128, 128], [30, 30, 30]]),
        np.random.default_rng(7).integers(40, 216, (18, 3)),
    ]
).astype(np.uint8)
D65 = (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65)
ADOBE = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1, 0.8249])


def chart(values):
    """[24] or [24, channels] as a picture of 4 x 6 patches."""
    return values.reshape(4, 6, *values.shape[1:]).repeat(PATCH_PX, 0).repeat(PATCH_PX, 1)


def patches_of(rgb):
    """The colours of the 24 patches of a decoded chart, [24, 3]."""
    half = PATCH_PX // 2
    return rgb[half::PATCH_PX, half::PATCH_PX].reshape(24, 3)


def worst(rgb):
    """The largest difference between a decoded chart and the truth, in levels."""
    return int(np.abs(patches_of(rgb).astype(int) - PATCHES).max())


def xyz_of(corners):
    """Linear RGB to XYZ, [3, 3], from the chromaticities of red, green, blue and white (Lindbloom)."""
    xyz = np.array([[x / y, 1, (1 - x - y) / y] for x, y in corners]).T
    return xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3])


def coded(corners, gamma=None, top=255):
    """The patches in another RGB space, 0 to `top`; `gamma` None: sRGB's curve."""
    light = decode(PATCHES / 255) @ (np.linalg.inv(xyz_of(corners)) @ xyz_of(SRGB)).T
    light = np.clip(light, 0, 1)
    values = encode(light) if gamma is None else light ** (1 / gamma)
    return np.round(values * top).astype(np.uint8 if top == 255 else np.uint16)


def icc(name, corners, gamma=None):
    """A matrix profile, ICC version 2."""

    def tag(kind, body):
        return kind + b"\0\0\0\0" + body + b"\0" * (-len(body) % 4)

    def xyz(values):
        return tag(b"XYZ ", b"".join(struct.pack(">i", round(value * 65536)) for value in values))

    columns = adapted_to_d50(xyz_of(corners))
    table = np.round(decode(np.linspace(0, 1, 1024)) * 65535).astype(">u2").tobytes()
    curve = struct.pack(">I", 1024) + table if gamma is None else struct.pack(">IH", 1, round(gamma * 256))
    desc = struct.pack(">I", len(name) + 1) + name.encode() + b"\0" + b"\0" * 78
    tags = {b"desc": tag(b"desc", desc), b"wtpt": xyz(_D50), b"cprt": tag(b"text", b"none\0")}
    for index, channel in enumerate((b"r", b"g", b"b")):
        tags[channel + b"XYZ"] = xyz(columns[:, index])
        tags[channel + b"TRC"] = tag(b"curv", curve)
    return _profile(b"RGB ", b"XYZ ", tags)


def cmyk_icc():
    """A CMYK profile whose paper is white and whose inks are those of the naive formula, ICC version 2."""
    inks = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 4)
    xyz = np.clip((1 - inks[:, :3]) * (1 - inks[:, 3:]), 0, 1) @ adapted_to_d50(xyz_of(SRGB)).T
    f = np.cbrt(xyz / _D50)
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], 1)
    coded_lab = np.clip(np.round(lab * [2.55, 1, 1] + [0, 128, 128]), 0, 255).astype(np.uint8)
    straight = bytes(range(256))
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + straight * 4 + coded_lab.tobytes() + straight * 3
    desc = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"inks\0" + b"\0" * 79
    tags = {b"desc": desc, b"A2B0": table + b"\0" * (-len(table) % 4), b"cprt": b"text\0\0\0\0none\0\0\0\0"}
    return _profile(b"CMYK", b"Lab ", tags, b"prtr")


def adapted_to_d50(to_xyz):
    """Bradford's adaptation of a matrix to the white of ICC profiles."""
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ to_xyz.sum(1))
    return np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ to_xyz


def _profile(space, connection, tags, kind=b"mntr"):
    at, index, bodies = 132 + 12 * len(tags), b"", b""
    for name, body in tags.items():
        index += name + struct.pack(">II", at + len(bodies), len(body))
        bodies += body
    white = b"".join(struct.pack(">i", round(value * 65536)) for value in _D50)
    head = struct.pack(">I4sI4s4s4s", at + len(bodies), b"lcms", 0x02100000, kind, space, connection)
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28 + white + b"\0" * 48
    return head + struct.pack(">I", len(tags)) + index + bodies


def saved(picture, kind, **options):
    """A picture, or its pixels, as the bytes of a file."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values, *chunks):
    """A PNG of 8 or 16 bits, [h, w] or [h, w, channels], with these chunks (kind, body) before its pixels."""
    channels = 1 if values.ndim == 2 else values.shape[2]
    depth, colour = 8 * values.itemsize, {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = values.astype(">u2" if depth == 16 else np.uint8)
    pixels = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*part) for part in parts)
