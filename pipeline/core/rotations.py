"""Rotation matrices and quaternions, to the same bits on every machine.

SciPy's `Rotation` sums the same products in another order and differs in the last bit for nine quaternions in ten.
Every rendered pixel depends on poses that pass through these functions, so they fix the order of the sums. Kernels
(torch, numba) have their own functions, which must be differentiable or compiled.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.core.arrays import F64


def rotation_from_quaternion(wxyz: Sequence[float]) -> F64:
    """Return the rotation matrix [3, 3] of a quaternion (w, x, y, z) of any non-zero length."""
    w, x, y, z = np.asarray(wxyz, dtype=np.float64) / np.linalg.norm(wxyz)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_rotation(rotation: F64) -> tuple[float, float, float, float]:
    """Return the unit quaternion (w, x, y, z), w >= 0, of a rotation [3, 3]; stable for all (Bar-Itzhack 2000)."""
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation.tolist()
    symmetric = np.array(
        [
            [xx - yy - zz, yx + xy, zx + xz, zy - yz],
            [yx + xy, yy - xx - zz, zy + yz, xz - zx],
            [zx + xz, zy + yz, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    x, y, z, w = np.linalg.eigh(symmetric)[1][:, -1].tolist()
    return (w, x, y, z) if w >= 0 else (-w, -x, -y, -z)
