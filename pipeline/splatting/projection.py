"""Project 3D Gaussians into a picture (EWA splatting), and carry gradients back, as numba kernels.

A Gaussian with mean m, rotation Q and scales s becomes a 2D Gaussian with covariance `P P^T + blur I`, `P = J R Q
diag(s)`, J the Jacobian of the pinhole projection at m (Zwicker et al. 2001, "EWA Volume Splatting"; Kerbl et al.
2023). With `antialias`, opacity is multiplied by `sqrt(det(P P^T) / det(P P^T + blur I))` (Mip-Splatting, Yu et al.
2024), so that a Gaussian smaller than a pixel keeps its energy when a crop changes scale. Determinants come from the
cross product of P's rows (Cauchy-Binet), which stays exact for needles where `a c - b^2` cancels. Arithmetic is float64
in registers, storage float32.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from pipeline.splatting import threads  # noqa: F401  (before the first kernel)
from pipeline.splatting.harmonics import basis

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Vec3 = tuple[float, float, float]

# Variance that a pixel adds to a Gaussian. 3DGS adds 0.3, and splats of other tools expect it; a pixel itself, a square
# of side 1, has 1/12, and Mip-Splatting takes 0.1: at 0.3 nothing can be drawn as sharp as the photos are.
BLUR_PX2, BLUR_ANTIALIASED_PX2 = 0.3, 0.1
NEAR = 0.05  # camera-space depth below which a Gaussian is not drawn, world units
ALPHA_MIN = 1.0 / 255.0
RECORD = 12  # x, y, conic a, b, c, opacity, r, g, b, depth, power cut, unused
SUMS = 16  # h, h dx, h dy, h dx2, h dxdy, h dy2, r, g, b, depth; then zeros: one vector


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _dot(a: Vec3, b: Vec3) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _mix(a: float, u: Vec3, b: float, v: Vec3) -> Vec3:
    return (a * u[0] + b * v[0], a * u[1] + b * v[1], a * u[2] + b * v[2])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _cross2(a: Vec3, b: Vec3) -> float:
    """Squared length of the cross product."""
    x, y, z = a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    return x * x + y * y + z * z


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _axes(q: F32) -> tuple[Vec3, Vec3, Vec3]:
    """Columns of the rotation matrix of an unnormalised quaternion wxyz."""
    w, x, y, z = np.float64(q[0]), np.float64(q[1]), np.float64(q[2]), np.float64(q[3])
    n = 1.0 / math.sqrt(max(w * w + x * x + y * y + z * z, 1e-24))
    w, x, y, z = w * n, x * n, y * n, z * n
    return (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)),
        (2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)),
        (2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)),
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _scaled_axes(q: F32, log_scale: F32) -> tuple[Vec3, Vec3, Vec3]:
    """Columns of `Q diag(s)`."""
    c0, c1, c2 = _axes(q)
    s0, s1, s2 = math.exp(log_scale[0]), math.exp(log_scale[1]), math.exp(log_scale[2])
    return _mix(s0, c0, 0.0, c0), _mix(s1, c1, 0.0, c1), _mix(s2, c2, 0.0, c2)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _row(pose: F64, i: int) -> Vec3:
    return (pose[i, 0], pose[i, 1], pose[i, 2])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _to_camera(pose: F64, m: F32) -> Vec3:
    v = (np.float64(m[0]), np.float64(m[1]), np.float64(m[2]))
    return (
        _dot(_row(pose, 0), v) + pose[0, 3],
        _dot(_row(pose, 1), v) + pose[1, 3],
        _dot(_row(pose, 2), v) + pose[2, 3],
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _jacobian(lens: F64, p: Vec3) -> tuple[float, float, float, float, float, float]:
    """Entries j00, j02, j11, j12 of the projection's Jacobian at camera point p, and its bounded slopes u, v.

    Far outside the picture the linear projection would explode.
    """
    u = min(max(p[0] / p[2], lens[6]), lens[7])
    v = min(max(p[1] / p[2], lens[8]), lens[9])
    return lens[0] / p[2], -lens[0] * u / p[2], lens[1] / p[2], -lens[1] * v / p[2], u, v


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _rows_of_p(t0: Vec3, t1: Vec3, axes: tuple[Vec3, Vec3, Vec3]) -> tuple[Vec3, Vec3]:
    return (
        (_dot(t0, axes[0]), _dot(t0, axes[1]), _dot(t0, axes[2])),
        (_dot(t1, axes[0]), _dot(t1, axes[1]), _dot(t1, axes[2])),
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _view_direction(m: F32, centre: Vec3) -> tuple[float, float, float, float]:
    """Unit direction from the camera to the Gaussian, and one over its length."""
    x, y, z = m[0] - centre[0], m[1] - centre[1], m[2] - centre[2]
    n = 1.0 / math.sqrt(max(x * x + y * y + z * z, 1e-24))
    return x * n, y * n, z * n, n


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def camera_centre(pose: F64) -> Vec3:
    """Where the camera of `pose` [3, 4] (cam_from_world) stands."""
    t = (pose[0, 3], pose[1, 3], pose[2, 3])
    return (
        -(pose[0, 0] * t[0] + pose[1, 0] * t[1] + pose[2, 0] * t[2]),
        -(pose[0, 1] * t[0] + pose[1, 1] * t[1] + pose[2, 1] * t[2]),
        -(pose[0, 2] * t[0] + pose[1, 2] * t[1] + pose[2, 2] * t[2]),
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _colour(degree: int, sh: F32, d: tuple[float, float, float, float], y: F64, record: F32) -> None:
    basis(degree, d[0], d[1], d[2], y)
    for channel in range(3):
        value = 0.5
        for k in range((degree + 1) * (degree + 1)):
            value += y[k] * sh[k, channel]
        record[6 + channel] = max(value, 0.0)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _footprint(lens: F64, record: F32, cov_a: float, cov_c: float, box: NDArray[np.int32]) -> None:
    """Write the pixel box [x0, y0, x1, y1) of the region where alpha reaches 1/255; may be empty."""
    cut = 2.0 * record[10]
    hx, hy = math.sqrt(cut * cov_a), math.sqrt(cut * cov_c)
    x, y, w, h = record[0], record[1], lens[4], lens[5]
    box[0] = np.int32(min(max(math.floor(x - hx - 0.5), 0.0), w))
    box[1] = np.int32(min(max(math.floor(y - hy - 0.5), 0.0), h))
    box[2] = np.int32(min(max(math.ceil(x + hx + 0.5), 0.0), w))
    box[3] = np.int32(min(max(math.ceil(y + hy + 0.5), 0.0), h))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _project_one(
    m: F32,
    log_scale: F32,
    q: F32,
    logit: float,
    pose: F64,
    lens: F64,
    antialias: bool,
    record: F32,
    box: NDArray[np.int32],
) -> bool:
    p = _to_camera(pose, m)
    if not p[2] > NEAR:
        return False
    j00, j02, j11, j12, _, _ = _jacobian(lens, p)
    t0 = _mix(j00, _row(pose, 0), j02, _row(pose, 2))
    t1 = _mix(j11, _row(pose, 1), j12, _row(pose, 2))
    p0, p1 = _rows_of_p(t0, t1, _scaled_axes(q, log_scale))
    a, b, c = _dot(p0, p0), _dot(p0, p1), _dot(p1, p1)
    det0 = _cross2(p0, p1)
    blur = BLUR_ANTIALIASED_PX2 if antialias else BLUR_PX2
    det = det0 + blur * (a + c) + blur * blur
    opacity = 1.0 / (1.0 + math.exp(-logit))
    if antialias:
        opacity *= math.sqrt(det0 / det)
    if not opacity > ALPHA_MIN:
        return False
    record[0], record[1] = lens[0] * p[0] / p[2] + lens[2], lens[1] * p[1] / p[2] + lens[3]
    record[2], record[3], record[4] = (c + blur) / det, -b / det, (a + blur) / det
    record[5], record[9], record[10] = opacity, p[2], math.log(opacity / ALPHA_MIN)
    _footprint(lens, record, a + blur, c + blur, box)
    return box[2] > box[0] and box[3] > box[1]


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def project(
    means: F32, log_scales: F32, quats: F32, logits: F32, sh: F32, degree: int, pose: F64, lens: F64, antialias: bool,
    workers: int, records: F32, boxes: NDArray[np.int32],
) -> None:  # fmt: skip
    """Fill `records` [N, 12] and pixel `boxes` [N, 4] (empty: not drawn) of N Gaussians.

    `pose` [3, 4] is cam_from_world, `lens` [10] is that of `lens_of`, `sh` is [N, K, 3].
    """
    n = means.shape[0]
    centre = camera_centre(pose)
    for worker in numba.prange(workers):
        y = np.zeros(16)
        for i in range(worker * n // workers, (worker + 1) * n // workers):
            boxes[i, 2] = boxes[i, 0]
            box, record = boxes[i], records[i]
            if _project_one(means[i], log_scales[i], quats[i], logits[i], pose, lens, antialias, record, box):
                _colour(degree, sh[i], _view_direction(means[i], centre), y, record)
            else:
                box[0] = box[1] = box[2] = box[3] = 0
