"""Real spherical harmonics to degree 3: a Gaussian's view-dependent colour and its gradient, as numba kernels.

Basis, order and signs are those of 3D Gaussian Splatting (Kerbl et al. 2023, after Sloan, "Efficient Spherical Harmonic
Evaluation", 2013), so that other tools' PLY files have the same colours here. A colour is `0.5 + sum_k c_k
Y_k(direction)`, clamped at 0.
"""

from typing import Any

import numba

from pipeline.splatting import lanes  # noqa: F401   registers the vector type with numba

DEGREE_MAX = 3
C0 = 0.28209479177387814
C1 = 0.4886025119029199
C2 = (1.0925484305920792, -1.0925484305920792, 0.31539156525252005, -1.0925484305920792, 0.5462742152960396)
C3 = (
    -0.5900435899266435,
    2.890611442640554,
    -0.4570457994644658,
    0.3731763325901154,
    -0.4570457994644658,
    1.445305721320277,
    -0.5900435899266435,
)


def coefficients(degree: int) -> int:
    """Return the number of coefficients per channel at this degree (0 to 3)."""
    return (degree + 1) ** 2


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def basis(x: Any, y: Any, z: Any) -> tuple[Any, ...]:
    """Return Y_0..Y_15 at the unit direction (x, y, z), floats or Lanes."""
    xx, yy, zz = x * x, y * y, z * z
    return (
        0.0 * x + C0, -C1 * y, C1 * z, -C1 * x,
        C2[0] * x * y, C2[1] * y * z, C2[2] * (2.0 * zz - xx - yy), C2[3] * x * z, C2[4] * (xx - yy),
        C3[0] * y * (3.0 * xx - yy), C3[1] * x * y * z, C3[2] * y * (4.0 * zz - xx - yy),
        C3[3] * z * (2.0 * zz - 3.0 * xx - 3.0 * yy), C3[4] * x * (4.0 * zz - xx - yy), C3[5] * z * (xx - yy),
        C3[6] * x * (xx - 3.0 * yy),
    )  # fmt: skip


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def direction_gradient(x: Any, y: Any, z: Any, g: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Return the gradient of `sum_k g[k] Y_k`, k from 0 to 15, with respect to the (unconstrained) direction."""
    xx, yy, zz = x * x, y * y, z * z
    gx = C2[0] * y * g[4] - 2.0 * C2[2] * x * g[6] + C2[3] * z * g[7] + 2.0 * C2[4] * x * g[8] - C1 * g[3]
    gy = C2[0] * x * g[4] + C2[1] * z * g[5] - 2.0 * C2[2] * y * g[6] - 2.0 * C2[4] * y * g[8] - C1 * g[1]
    gz = C2[1] * y * g[5] + 4.0 * C2[2] * z * g[6] + C2[3] * x * g[7] + C1 * g[2]
    gx += C3[0] * 6.0 * x * y * g[9] + C3[1] * y * z * g[10] - C3[2] * 2.0 * x * y * g[11]
    gx += C3[4] * (4.0 * zz - 3.0 * xx - yy) * g[13] - C3[3] * 6.0 * x * z * g[12]
    gx += C3[5] * 2.0 * x * z * g[14] + C3[6] * 3.0 * (xx - yy) * g[15]
    gy += C3[0] * 3.0 * (xx - yy) * g[9] + C3[1] * x * z * g[10] + C3[2] * (4.0 * zz - xx - 3.0 * yy) * g[11]
    gy += -C3[3] * 6.0 * y * z * g[12] - C3[4] * 2.0 * x * y * g[13]
    gy += -C3[5] * 2.0 * y * z * g[14] - C3[6] * 6.0 * x * y * g[15]
    gz += C3[1] * x * y * g[10] + C3[2] * 8.0 * y * z * g[11] + C3[3] * (6.0 * zz - 3.0 * xx - 3.0 * yy) * g[12]
    gz += C3[4] * 8.0 * x * z * g[13] + C3[5] * (xx - yy) * g[14]
    return gx, gy, gz
