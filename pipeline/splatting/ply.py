"""3DGS PLY files: written as INRIA's code writes them; read from INRIA's code, nerfstudio, gsplat and OpenSplat.

We write vertices of little-endian floats `x y z nx ny nz f_dc_0..2 f_rest_* opacity scale_0..2 rot_0..3`: opacity is a
logit, scales are logarithms, the quaternion is wxyz, `f_rest` lists all of red's coefficients, then green's, then
blue's: 0, 3, 8 or 15 of each. The reader takes these properties in any order and of any number type, binary or text; it
needs no normals and ignores other properties. An infinite logit is an opacity of exactly 1 or 0, as some tools write
it. A comment records whether opacities were fitted for anti-aliased drawing.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.core.arrays import F32
from pipeline.core.errors import BadInput
from pipeline.splatting.gaussians import Gaussians

ANTIALIASED = "catalog antialiased"
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_TEXT = "text"
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": _TEXT}
_HEADER_MAX = 65536
_LOGIT_OF_ONE = np.float32(20.0)  # its opacity differs from 1 by less than float32 resolves
_COPY = "Copy or export it again"
_EXPORT = "Export it as an uncompressed 3DGS PLY file"
_DC = tuple(f"f_dc_{i}" for i in range(3))
_SCALE = tuple(f"scale_{i}" for i in range(3))
_ROT = tuple(f"rot_{i}" for i in range(4))
_REQUIRED = ("x", "y", "z", *_DC, "opacity", *_SCALE, *_ROT)


@dataclass(frozen=True)
class Splat:
    """Gaussians, and whether they are to be drawn with anti-aliasing."""

    gaussians: Gaussians
    antialias: bool


def write_ply(splat: Splat) -> bytes:
    """Serialise a splat; the same splat always gives the same bytes."""
    g = splat.gaussians
    n, rest = len(g), g.sh.shape[1] - 1
    names = ["x", "y", "z", "nx", "ny", "nz", *_DC, *(f"f_rest_{i}" for i in range(3 * rest))]
    names += ["opacity", *_SCALE, *_ROT]
    length = np.maximum(np.linalg.norm(g.quats, axis=1, keepdims=True), 1e-12)
    columns = [
        g.means, np.zeros((n, 3), np.float32), g.sh[:, 0], g.sh[:, 1:].transpose(0, 2, 1).reshape(n, 3 * rest),
        g.logits[:, None], g.log_scales, g.quats / length,
    ]  # fmt: skip
    header = ["ply", "format binary_little_endian 1.0"]
    header += [f"comment {ANTIALIASED}"] if splat.antialias else []
    header += [f"element vertex {n}", *(f"property float {name}" for name in names), "end_header", ""]
    return "\n".join(header).encode() + np.concatenate(columns, axis=1).astype("<f4").tobytes()


def read_ply(data: bytes, name: str = "the PLY file") -> Splat:
    """Parse a splat written by this or another tool; errors call the file `name`.

    Raises BadInput if it is not a splat, is truncated, or contains NaN, infinity (but for an opacity) or a zero
    quaternion.
    """
    header = _header(data, name)
    rest = [f"f_rest_{i}" for i in range(sum(n.startswith("f_rest_") for n in header.fields))]
    if len(rest) not in (0, 9, 24, 45):
        raise BadInput(
            f"{name} has {len(rest)} f_rest properties, not 0, 9, 24 or 45",
            remedy="Export it with spherical harmonics of degree 0 to 3",
        )
    missing = [n for n in (*_REQUIRED, *rest) if n not in header.fields]
    if missing:
        raise BadInput(
            f"{name} is not a 3DGS splat: it has no property {missing[0]}",
            remedy="Export Gaussians with spherical harmonics, not points or RGB colours",
        )
    columns = partial(_columns, _vertices(data, header, name), name)
    quats = columns(_ROT)
    if not np.any(quats, axis=1).all():
        first = int(np.argmin(np.any(quats, axis=1)))
        raise BadInput(f"{name}: Gaussian {first} has a zero quaternion", remedy="Export the splat again")
    more = columns(rest).reshape(header.count, 3, len(rest) // 3).transpose(0, 2, 1)
    sh = np.concatenate([columns(_DC)[:, None], more], axis=1)
    logits = columns(("opacity",), infinite=True)[:, 0]
    logits = np.where(np.isinf(logits), np.copysign(_LOGIT_OF_ONE, logits), logits)
    gaussians = Gaussians(columns(("x", "y", "z")), columns(_SCALE), quats, logits, sh)
    return Splat(gaussians, header.antialias)


def read_columns(data: bytes, name: str, fields: Sequence[str]) -> F32:
    """Read the named properties [N, len(fields)] float32 of the vertices of any PLY file.

    Raises BadInput if a property is missing, the data are not a PLY file or truncated, or contain NaN or infinity.
    """
    header = _header(data, name)
    if missing := [field for field in fields if field not in header.fields]:
        raise BadInput(f"{name}: its vertices have no property {missing[0]}")
    return _columns(_vertices(data, header, name), name, fields)


@dataclass(frozen=True)
class _Header:
    """`order`: "<", ">" or "text"; `fields`: numpy types by name, in file order; `start`: offset of the vertices.

    `last`: no other element follows them.
    """

    order: str
    fields: dict[str, str]
    count: int
    start: int
    last: bool
    antialias: bool


def _header(data: bytes, name: str) -> _Header:
    end = data.find(b"\nend_header", 0, _HEADER_MAX)
    start = data.find(b"\n", end + 1) + 1
    if not data.startswith(b"ply") or end < 0 or start == 0:
        raise BadInput(f"{name} is not a PLY file", remedy=_EXPORT)
    lines = [line.split() for line in data[:end].decode("ascii", "replace").splitlines() if line.strip()]
    formats = [_ORDERS.get(" ".join(line[1:-1])) for line in lines if line[0] == "format"]
    if len(formats) != 1 or formats[0] is None:
        raise BadInput(f"{name} has an unknown PLY format", remedy="Export it as binary_little_endian 1.0")
    elements = [i for i, line in enumerate(lines) if line[0] == "element"]
    first = lines[elements[0]] if elements else []
    if first[1:2] != ["vertex"]:
        raise BadInput(f"{name}: its first element is not vertex", remedy=_EXPORT)
    if len(first) != 3 or not first[2].isdecimal() or len(first[2]) > 12:
        raise BadInput(f"{name}: its number of vertices is {' '.join(first[2:])[:20]!r}", remedy=_EXPORT)
    if int(first[2]) == 0:
        raise BadInput(f"{name} contains no Gaussians", remedy="Export the splat again")
    own = lines[elements[0] + 1 : elements[1] if len(elements) > 1 else None]
    fields = _fields([line[1:] for line in own if line[0] == "property"], name)
    antialias = ["comment", *ANTIALIASED.split()] in lines
    return _Header(formats[0], fields, int(first[2]), start, len(elements) == 1, antialias)


def _fields(properties: list[list[str]], name: str) -> dict[str, str]:
    """Map the properties (type, name) to numpy types by name."""
    fields: dict[str, str] = {}
    for tokens in properties:
        if len(tokens) != 2 or tokens[0] not in _TYPES:
            raise BadInput(f"{name}: property {' '.join(tokens)} is not a number", remedy=_EXPORT)
        if tokens[1] in fields:
            raise BadInput(f"{name}: property {tokens[1]} appears twice", remedy=_EXPORT)
        fields[tokens[1]] = _TYPES[tokens[0]]
    return fields


def _vertices(data: bytes, header: _Header, name: str) -> NDArray[np.void]:
    return (_text_rows if header.order == _TEXT else _rows)(data, header, name)


def _rows(data: bytes, header: _Header, name: str) -> NDArray[np.void]:
    layout = np.dtype([(field, header.order + kind) for field, kind in header.fields.items()])
    if len(data) - header.start < header.count * layout.itemsize:
        raise BadInput(
            f"{name} is truncated: {header.count} Gaussians announced, {len(data) - header.start} bytes present",
            remedy=_COPY,
        )
    more = (len(data) - header.start) // max(1, layout.itemsize) - header.count
    if header.last and more > 0:
        raise BadInput(f"{name} announces {header.count} Gaussians, but contains {more} more", remedy=_EXPORT)
    return np.frombuffer(data, layout, header.count, header.start)


def _text_rows(data: bytes, header: _Header, name: str) -> NDArray[np.void]:
    lines = data.count(b"\n", header.start) + 1
    if lines < header.count:
        raise BadInput(f"{name} is truncated: {header.count} Gaussians announced, {lines} lines present", remedy=_COPY)
    layout = np.dtype([(field, "f8") for field in header.fields])
    try:
        rows = np.loadtxt(io.BytesIO(data[header.start :]), layout, comments=None, max_rows=header.count, ndmin=1)
    except ValueError as error:
        raise BadInput(f"{name}: {error}", remedy="Write one Gaussian per line, a number for each property") from None
    if len(rows) < header.count:
        raise BadInput(
            f"{name} is truncated: {header.count} Gaussians announced, {len(rows)} lines present", remedy=_COPY
        )
    return rows


def _columns(rows: NDArray[np.void], name: str, fields: Sequence[str], *, infinite: bool = False) -> F32:
    """Return the named properties, [N, len(fields)] float32. Raises BadInput on NaN, and infinity unless `infinite`."""
    out = np.zeros((len(rows), len(fields)), np.float32)
    for i, field in enumerate(fields):
        with np.errstate(over="ignore"):
            out[:, i] = rows[field]
        usable = ~np.isnan(out[:, i]) if infinite else np.isfinite(out[:, i])
        if not usable.all():
            at = int(np.argmin(usable))
            raise BadInput(f"{name}: {field} of Gaussian {at} is {rows[field][at]}", remedy="Export the splat again")
    return out
