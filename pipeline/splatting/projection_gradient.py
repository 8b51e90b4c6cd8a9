"""The backward pass of `projection.project`: from gradients of 2D splats to those of Gaussians and camera pose."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from pipeline.splatting import threads  # noqa: F401  (before the first kernel)
from pipeline.splatting.harmonics import basis, direction_gradient
from pipeline.splatting.projection import (
    _cross2,
    _dot,
    _jacobian,
    _mix,
    _row,
    _rows_of_p,
    _scaled_axes,
    _to_camera,
    _view_direction,
    camera_centre,
)

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Vec3 = tuple[float, float, float]
Sym = tuple[float, float, float]


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _covariance_gradient(sums: F32, record: F32, p0: Vec3, p1: Vec3, antialias: bool) -> Sym:
    """Gradient of the loss with respect to the 2D covariance, as entries (aa, ab, bb) of a full symmetric matrix.

    dL/dCov = Q M Q / 2 with Q the conic and M the second moments of h = alpha dL/dalpha about the mean.
    """
    qa, qb, qc = np.float64(record[2]), np.float64(record[3]), np.float64(record[4])
    ma, mb, mc = np.float64(sums[3]), np.float64(sums[4]), np.float64(sums[5])
    r0, r1 = qa * ma + qb * mb, qa * mb + qb * mc
    s0, s1 = qb * ma + qc * mb, qb * mb + qc * mc
    aa, ab, bb = 0.5 * (r0 * qa + r1 * qb), 0.5 * (r0 * qb + r1 * qc), 0.5 * (s0 * qb + s1 * qc)
    if antialias:  # opacity carries sqrt(det0 / det): d log of it is (Cov0^-1 - Cov^-1) / 2
        det0 = max(_cross2(p0, p1), 1e-30)
        h = 0.5 * np.float64(sums[0])
        aa += h * (_dot(p1, p1) / det0 - qa)
        ab += h * (-_dot(p0, p1) / det0 - qb)
        bb += h * (_dot(p0, p0) / det0 - qc)
    return aa, ab, bb


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _quaternion_gradient(q: F32, g0: Vec3, g1: Vec3, g2: Vec3, out: F32) -> None:
    """Gradient of an unnormalised quaternion from those of its rotation's columns g0, g1, g2."""
    w, x, y, z = np.float64(q[0]), np.float64(q[1]), np.float64(q[2]), np.float64(q[3])
    n = 1.0 / math.sqrt(max(w * w + x * x + y * y + z * z, 1e-24))
    w, x, y, z = w * n, x * n, y * n, z * n
    a, b, c = g1[2] - g2[1], g2[0] - g0[2], g0[1] - g1[0]
    d, e, f = g1[0] + g0[1], g2[0] + g0[2], g2[1] + g1[2]
    gw = 2.0 * (x * a + y * b + z * c)
    gx = 2.0 * (y * d + z * e - 2.0 * x * (g1[1] + g2[2]) + w * a)
    gy = 2.0 * (x * d - 2.0 * y * (g0[0] + g2[2]) + z * f + w * b)
    gz = 2.0 * (x * e + y * f - 2.0 * z * (g0[0] + g1[1]) + w * c)
    along = gw * w + gx * x + gy * y + gz * z
    out[0], out[1] = (gw - along * w) * n, (gx - along * x) * n
    out[2], out[3] = (gy - along * y) * n, (gz - along * z) * n


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _point_gradient(
    lens: F64, p: Vec3, g_mean: tuple[float, float], g_j: tuple[float, float, float, float], g_depth: float
) -> Vec3:
    """Gradient of the camera-space point from those of its projection, its Jacobian's entries and its depth."""
    fx, fy, iz = lens[0], lens[1], 1.0 / p[2]
    _, _, _, _, u, v = _jacobian(lens, p)
    gx, gy = g_mean[0] * fx * iz, g_mean[1] * fy * iz
    gz = g_depth - (gx * p[0] + gy * p[1]) * iz
    gz -= iz * iz * (fx * g_j[0] - fx * u * g_j[1] + fy * g_j[2] - fy * v * g_j[3])
    gu, gv = -fx * iz * g_j[1], -fy * iz * g_j[3]
    if u == p[0] / p[2]:  # inside the slope limits
        gx += gu * iz
        gz -= gu * u * iz
    if v == p[1] / p[2]:
        gy += gv * iz
        gz -= gv * v * iz
    return gx, gy, gz


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _colour_gradient(
    degree: int, m: F32, sh: F32, record: F32, sums: F32, centre: Vec3, y: F64, g: F64, g_sh: F32
) -> Vec3:
    """Fill `g_sh` [K, 3]; return the gradient of the mean through the viewing direction."""
    dx, dy, dz, inverse = _view_direction(m, centre)
    basis(degree, dx, dy, dz, y)
    r = np.float64(sums[6]) if record[6] > 0.0 else 0.0
    gr = np.float64(sums[7]) if record[7] > 0.0 else 0.0
    b = np.float64(sums[8]) if record[8] > 0.0 else 0.0
    for k in range((degree + 1) * (degree + 1)):
        g_sh[k, 0], g_sh[k, 1], g_sh[k, 2] = y[k] * r, y[k] * gr, y[k] * b
        g[k] = sh[k, 0] * r + sh[k, 1] * gr + sh[k, 2] * b
    gx, gy, gz = direction_gradient(degree, dx, dy, dz, g)
    along = gx * dx + gy * dy + gz * dz
    return (gx - along * dx) * inverse, (gy - along * dy) * inverse, (gz - along * dz) * inverse


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _add_pose(g_pose: F64, pose: F64, m: F32, gp: Vec3, gr: tuple[Vec3, Vec3, Vec3], g_view: Vec3) -> None:
    """Accumulate the gradient of cam_from_world [3, 4]: through the point, the covariance and the camera's centre.

    The centre is -R^T t and the viewing direction falls by it: `g_view` is the mean's gradient through that direction.
    """
    for i in range(3):
        for j in range(3):
            g_pose[i, j] += gp[i] * m[j] + gr[i][j] + pose[i, 3] * g_view[j]
            g_pose[i, 3] += pose[i, j] * g_view[j]
        g_pose[i, 3] += gp[i]


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _geometry_gradient(
    log_scale: F32, q: F32, m: F32, pose: F64, lens: F64, antialias: bool, record: F32, sums: F32, g_scale: F32,
    g_quat: F32, g_mean2d: F32,
) -> tuple[Vec3, tuple[Vec3, Vec3, Vec3]]:  # fmt: skip
    """Fill scale, quaternion and 2D mean gradients; return those of camera point and pose rows."""
    p = _to_camera(pose, m)
    j00, j02, j11, j12, _, _ = _jacobian(lens, p)
    r0, r1, r2 = _row(pose, 0), _row(pose, 1), _row(pose, 2)
    t0, t1 = _mix(j00, r0, j02, r2), _mix(j11, r1, j12, r2)
    m0, m1, m2 = _scaled_axes(q, log_scale)
    p0, p1 = _rows_of_p(t0, t1, (m0, m1, m2))
    aa, ab, bb = _covariance_gradient(sums, record, p0, p1, antialias)
    d0, d1 = _mix(2.0 * aa, p0, 2.0 * ab, p1), _mix(2.0 * ab, p0, 2.0 * bb, p1)
    gm0, gm1, gm2 = _mix(d0[0], t0, d1[0], t1), _mix(d0[1], t0, d1[1], t1), _mix(d0[2], t0, d1[2], t1)
    g_scale[0], g_scale[1], g_scale[2] = _dot(gm0, m0), _dot(gm1, m1), _dot(gm2, m2)
    s0, s1, s2 = math.exp(log_scale[0]), math.exp(log_scale[1]), math.exp(log_scale[2])
    _quaternion_gradient(q, _mix(s0, gm0, 0.0, gm0), _mix(s1, gm1, 0.0, gm1), _mix(s2, gm2, 0.0, gm2), g_quat)
    g_t0 = _mix(1.0, _mix(d0[0], m0, d0[1], m1), d0[2], m2)
    g_t1 = _mix(1.0, _mix(d1[0], m0, d1[1], m1), d1[2], m2)
    gx = record[2] * sums[1] + record[3] * sums[2]
    gy = record[3] * sums[1] + record[4] * sums[2]
    g_mean2d[0], g_mean2d[1] = gx, gy
    g_j = (_dot(g_t0, r0), _dot(g_t0, r2), _dot(g_t1, r1), _dot(g_t1, r2))
    gp = _point_gradient(lens, p, (np.float64(gx), np.float64(gy)), g_j, np.float64(sums[9]))
    return gp, (_mix(j00, g_t0, 0.0, g_t0), _mix(j11, g_t1, 0.0, g_t1), _mix(j02, g_t0, j12, g_t1))


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def project_gradient(
    means: F32, log_scales: F32, quats: F32, logits: F32, sh: F32, degree: int, pose: F64, lens: F64, antialias: bool,
    workers: int, records: F32, boxes: NDArray[np.int32], sums: F32, g_means: F32, g_scales: F32, g_quats: F32,
    g_logits: F32, g_sh: F32, g_mean2d: F32, g_pose: F64,
) -> None:  # fmt: skip
    """Turn per-Gaussian `sums` [parts, N, 10] (added over parts here) into gradients; all outputs start as zeros.

    `g_pose` is [workers, 3, 4]: the caller adds the parts in order, so that the result does not depend on timing.
    """
    n = means.shape[0]
    centre = camera_centre(pose)
    for worker in numba.prange(workers):
        y, g = np.zeros(16), np.zeros(16)
        for i in range(worker * n // workers, (worker + 1) * n // workers):
            if boxes[i, 2] <= boxes[i, 0]:
                continue
            total = sums[0, i]
            for part in range(1, sums.shape[0]):
                for k in range(10):
                    total[k] += sums[part, i, k]
            if not total.any():  # hidden behind others, as half of a product is
                continue
            gp, gr = _geometry_gradient(
                log_scales[i], quats[i], means[i], pose, lens, antialias, records[i], total, g_scales[i], g_quats[i],
                g_mean2d[i],
            )  # fmt: skip
            g_logits[i] = total[0] / (1.0 + math.exp(logits[i]))
            gv = _colour_gradient(degree, means[i], sh[i], records[i], total, centre, y, g, g_sh[i])
            for j in range(3):
                g_means[i, j] = gv[j] + pose[0, j] * gp[0] + pose[1, j] * gp[1] + pose[2, j] * gp[2]
            _add_pose(g_pose[worker], pose, means[i], gp, gr, gv)
