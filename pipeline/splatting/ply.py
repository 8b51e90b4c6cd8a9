"""3DGS PLY files, as INRIA's code writes them and viewers read them; also those of nerfstudio and OpenSplat.

Vertices of little-endian floats `x y z nx ny nz f_dc_0..2 f_rest_* opacity scale_0..2 rot_0..3`: opacity is a logit,
scales are logarithms, the quaternion is wxyz, `f_rest` lists all of red's coefficients, then green's, then blue's. What
another tool leaves out (normals) or adds is passed over. A comment says whether opacities were fitted for anti-aliased
drawing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadInput
from pipeline.splatting.gaussians import Gaussians

ANTIALIASED = "catalog antialiased"
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}
_HEADER_MAX = 65536


@dataclass(frozen=True)
class Splat:
    """Gaussians and how they want to be drawn."""

    gaussians: Gaussians
    antialias: bool


def write_ply(splat: Splat) -> bytes:
    """The file's bytes; the same splat always gives the same bytes."""
    g = splat.gaussians
    n, rest = len(g), g.sh.shape[1] - 1
    names = [
        "x",
        "y",
        "z",
        "nx",
        "ny",
        "nz",
        *(f"f_dc_{i}" for i in range(3)),
        *(f"f_rest_{i}" for i in range(3 * rest)),
    ]
    names += ["opacity", *(f"scale_{i}" for i in range(3)), *(f"rot_{i}" for i in range(4))]
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
    """Read a splat of this or another tool. Raises BadInput when it is none, is cut short, or holds NaN."""
    lines, start = _header(data, name)
    layout = _layout(lines, name)
    count = _count(lines, name)
    if len(data) - start < count * layout.itemsize:
        raise BadInput(f"{name} is cut short: {count} Gaussians announced, {len(data) - start} bytes there")
    rows = np.frombuffer(data, layout, count, start)
    known = set(layout.names or ())
    needed = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"]
    missing = [n for n in [*needed, "rot_0", "rot_1", "rot_2", "rot_3"] if n not in known]
    if missing:
        raise BadInput(
            f"{name} is no 3DGS splat: no property {missing[0]}", remedy="Export a Gaussian splat, not points."
        )
    rest = sum(n.startswith("f_rest_") for n in known)
    if rest not in (0, 9, 24, 45):
        raise BadInput(f"{name} has {rest} f_rest properties, not 0, 9, 24 or 45")
    dc = _columns(rows, ["f_dc_0", "f_dc_1", "f_dc_2"])[:, None]
    more = _columns(rows, [f"f_rest_{i}" for i in range(rest)]).reshape(count, 3, rest // 3).transpose(0, 2, 1)
    return Splat(
        Gaussians(
            _columns(rows, ["x", "y", "z"]), _columns(rows, ["scale_0", "scale_1", "scale_2"]),
            _columns(rows, ["rot_0", "rot_1", "rot_2", "rot_3"]), _columns(rows, ["opacity"])[:, 0],
            np.concatenate([dc, more], axis=1),
        ),
        f"comment {ANTIALIASED}" in lines,
    )  # fmt: skip


def _header(data: bytes, name: str) -> tuple[list[str], int]:
    end = data.find(b"end_header", 0, _HEADER_MAX)
    line_end = data.find(b"\n", end)
    if not data.startswith(b"ply") or end < 0 or line_end < 0:
        raise BadInput(f"{name} is no PLY file")
    return [line.strip() for line in data[:end].decode("ascii", "replace").splitlines()], line_end + 1


def _layout(lines: list[str], name: str) -> np.dtype[np.void]:
    formats = [line.split()[1] for line in lines if line.startswith("format ")]
    order = _ORDERS.get(formats[0] if formats else "")
    if order is None:
        raise BadInput(f"{name} is not a binary PLY", remedy="Export it as binary.")
    elements = [line.split()[1] for line in lines if line.startswith("element ")]
    if not elements or elements[0] != "vertex":
        raise BadInput(f"{name}: its first element is not vertex", remedy="Export an uncompressed 3DGS PLY.")
    fields: list[tuple[str, str]] = []
    counted = 0
    for line in lines:
        parts = line.split()
        counted += parts[:1] == ["element"]
        if counted == 1 and parts[:1] == ["property"]:
            if len(parts) != 3 or parts[1] not in _TYPES:
                raise BadInput(f"{name}: property {' '.join(parts[1:])} is not a number")
            fields.append((parts[2], order + _TYPES[parts[1]]))
    try:
        return np.dtype(fields)
    except ValueError as error:
        raise BadInput(f"{name}: {error}") from error


def _count(lines: list[str], name: str) -> int:
    parts = next(line for line in lines if line.startswith("element vertex")).split()
    if len(parts) != 3 or not parts[2].isdigit() or int(parts[2]) == 0:
        raise BadInput(f"{name} holds no Gaussians")
    return int(parts[2])


def _columns(rows: NDArray[np.void], names: list[str]) -> NDArray[np.float32]:
    if not names:
        return np.zeros((len(rows), 0), np.float32)
    return np.stack([rows[n].astype(np.float32) for n in names], axis=1)
