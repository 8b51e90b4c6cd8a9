"""The backward pass of `projection.project`: from gradients of 2D splats to those of Gaussians and camera pose."""

import numba
import numpy as np

from pipeline.core.arrays import F32, F64
from pipeline.splatting.harmonics import basis, direction_gradient
from pipeline.splatting.lanes import LANES, Lanes, broadcast, empty_aligned, exp, lane_sums, select
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel
from pipeline.splatting.raster.columns import columns_to_rows, get, get3, put, put3, rows_to_columns
from pipeline.splatting.raster.projection import (
    BLUR_ANTIALIASED_PX2,
    BLUR_PX2,
    LOGIT,
    MEAN,
    OUT,
    RECORD,
    SH,
    SUMS,
    Vec3,
    axes,
    cross,
    dot,
    gather,
    jacobian,
    mix,
    row_of,
    scales,
    spread_ellipse,
    times,
    to_camera,
    unit_quaternion,
    view_direction,
)

_U = np.uint64
_ZERO = np.float32(0.0)
# Columns after those of the forward pass
TOTAL = OUT + RECORD
G_MEAN, G_SCALE, G_QUAT, G_LOGIT, G_MEAN2D, G_SH = (TOTAL + SUMS + k for k in (0, 3, 6, 10, 11, 13))
G_BASIS = G_SH + 48
POSE = G_BASIS + 16
BACKWARD_PLANES = POSE + 1


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _quaternion_gradient(q: tuple[Lanes, ...], g0: Vec3, g1: Vec3, g2: Vec3, s: F32) -> None:
    """Fill the gradient of an unnormalised quaternion from those of its rotation's columns g0, g1, g2."""
    w, x, y, z, n = q
    a, b, c = g1[2] - g2[1], g2[0] - g0[2], g0[1] - g1[0]
    d, e, f = g1[0] + g0[1], g2[0] + g0[2], g2[1] + g1[2]
    gw = 2.0 * (x * a + y * b + z * c)
    gx = 2.0 * (y * d + z * e - 2.0 * x * (g1[1] + g2[2]) + w * a)
    gy = 2.0 * (x * d - 2.0 * y * (g0[0] + g2[2]) + z * f + w * b)
    gz = 2.0 * (x * e + y * f - 2.0 * z * (g0[0] + g1[1]) + w * c)
    along = gw * w + gx * x + gy * y + gz * z
    put(s, G_QUAT, (gw - along * w) * n)
    put3(s, G_QUAT + 1, ((gx - along * x) * n, (gy - along * y) * n, (gz - along * z) * n))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _point_gradient(
    lens: F64, p: Vec3, slopes: tuple[Lanes, Lanes], g_mean: tuple[Lanes, Lanes], g_j: tuple[Lanes, ...], g_depth: Lanes
) -> Vec3:
    """Return the gradient of the camera-space point from those of its projection, Jacobian entries and depth."""
    fx, fy, iz, zero = lens[0], lens[1], 1.0 / p[2], broadcast(_ZERO)
    u, v = slopes
    gx, gy = g_mean[0] * fx * iz, g_mean[1] * fy * iz
    gz = g_depth - (gx * p[0] + gy * p[1]) * iz
    gz = gz - iz * iz * (fx * g_j[0] - fx * u * g_j[1] + fy * g_j[2] - fy * v * g_j[3])
    # through the slopes, where they are not clamped
    x, y = p[0] * iz, p[1] * iz
    gu = select(lens[6] <= x, select(x <= lens[7], zero - fx * iz * g_j[1], zero), zero)
    gv = select(lens[8] <= y, select(y <= lens[9], zero - fy * iz * g_j[3], zero), zero)
    return gx + gu * iz, gy + gv * iz, gz - (gu * u + gv * v) * iz


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _factor_gradient(p0: Vec3, p1: Vec3, n: Vec3, antialias: bool, s: F32) -> tuple[Vec3, Vec3, Vec3]:
    """Return gradients of the rows p0, p1 of P (2D covariance `P P^T + blur`) and of the log scales.

    dL/dP = Q M W with Q the conic, M the second moments of h = alpha dL/dalpha about the mean and W = Q P; a scale's
    is the product with its column, `W^T M W`. W comes from the vector product n = p0 x p1: Q P cancels for needles.
    """
    x0, x1, det0 = cross(p1, n), cross(n, p0), dot(n, n)
    blur = BLUR_ANTIALIASED_PX2 if antialias else BLUR_PX2
    inverse = 1.0 / (det0 + blur * (dot(p0, p0) + dot(p1, p1)) + blur * blur)
    w0, w1 = mix(inverse, x0, blur * inverse, p0), mix(inverse, x1, blur * inverse, p1)
    ma, mb, mc = get3(s, TOTAL + 3)
    m0, m1 = mix(ma, w0, mb, w1), mix(mb, w0, mc, w1)
    by_size = mix(1.0, times(w0, m0), 1.0, times(w1, m1))
    qa, qb, qc = get3(s, OUT + 2)
    d0, d1 = mix(qa, m0, qb, m1), mix(qb, m0, qc, m1)
    if antialias:  # opacity carries sqrt(det0 / det); the gradient of its logarithm is x / det0 - w
        h, zero = get(s, TOTAL), broadcast(_ZERO)
        by_det0 = select(det0 <= 0.0, zero, h / det0)
        e0, e1 = mix(by_det0, x0, zero - h, w0), mix(by_det0, x1, zero - h, w1)
        by_size = mix(1.0, by_size, 1.0, mix(1.0, times(e0, p0), 1.0, times(e1, p1)))
        d0, d1 = mix(1.0, d0, 1.0, e0), mix(1.0, d1, 1.0, e1)
    return d0, d1, by_size


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _ellipse_gradient(t0: Vec3, t1: Vec3, antialias: bool, s: F32) -> tuple[Vec3, Vec3]:
    """Fill the gradients of scales and quaternions; return those of the rows t0, t1 of `J R`."""
    size, q = scales(s), unit_quaternion(s)
    c0, c1, c2 = axes(q[0], q[1], q[2], q[3])
    p0, p1, n = spread_ellipse(t0, t1, (c0, c1, c2), size)
    d0, d1, by_size = _factor_gradient(p0, p1, n, antialias, s)
    put3(s, G_SCALE, by_size)
    e0, e1 = times(d0, size), times(d1, size)
    _quaternion_gradient(q, mix(e0[0], t0, e1[0], t1), mix(e0[1], t0, e1[1], t1), mix(e0[2], t0, e1[2], t1), s)
    g_t0 = mix(1.0, mix(e0[0], c0, e0[1], c1), e0[2], c2)
    return g_t0, mix(1.0, mix(e1[0], c0, e1[1], c1), e1[2], c2)


@numba.njit(cache=True)
def _get8(s: F32, column: int) -> tuple[Lanes, ...]:
    return (*get3(s, column), *get3(s, column + 3), get(s, column + 6), get(s, column + 7))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _colour_gradient(degree: int, pose: F64, s: F32) -> Vec3:
    """Fill the gradients of SH; return the mean's gradient through the viewing direction."""
    x, y, z, inverse = view_direction(get3(s, MEAN), pose)
    value, zero = basis(x, y, z), broadcast(_ZERO)
    r, g, b = (
        select(get(s, OUT + 6) <= 0.0, zero, get(s, TOTAL + 6)),
        select(get(s, OUT + 7) <= 0.0, zero, get(s, TOTAL + 7)),
        select(get(s, OUT + 8) <= 0.0, zero, get(s, TOTAL + 8)),
    )
    for k in range((degree + 1) * (degree + 1)):
        put3(s, G_SH + 3 * k, (value[k] * r, value[k] * g, value[k] * b))
        put(s, G_BASIS + k, dot(get3(s, SH + 3 * k), (r, g, b)))
    gx, gy, gz = direction_gradient(x, y, z, (*_get8(s, G_BASIS), *_get8(s, G_BASIS + 8)))
    along = gx * x + gy * y + gz * z
    return (gx - along * x) * inverse, (gy - along * y) * inverse, (gz - along * z) * inverse


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _add_pose(s: F32, pose: F64, gp: Vec3, gr: tuple[Vec3, Vec3, Vec3], g_view: Vec3, out: F64) -> None:
    """Accumulate the gradient of cam_from_world [3, 4]: through the point, the covariance and the camera's centre.

    The viewing direction is the mean minus the centre -R^T t; `g_view` is the mean's gradient through that direction.
    """
    m = get3(s, MEAN)
    t = (pose[0, 3], pose[1, 3], pose[2, 3])
    r0, r1, r2 = (
        mix(1.0, mix(gp[0], m, 1.0, gr[0]), t[0], g_view),
        mix(1.0, mix(gp[1], m, 1.0, gr[1]), t[1], g_view),
        mix(1.0, mix(gp[2], m, 1.0, gr[2]), t[2], g_view),
    )
    shift = (
        gp[0] + dot(row_of(pose, 0), g_view),
        gp[1] + dot(row_of(pose, 1), g_view),
        gp[2] + dot(row_of(pose, 2), g_view),
    )
    put(s, POSE, lane_sums((*r0, shift[0], *r1, shift[1], *r2, shift[2])))
    for i in range(3):
        for j in range(4):
            out[i, j] += s[POSE * LANES + 4 * i + j]


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _gradients(degree: int, pose: F64, lens: F64, antialias: bool, s: F32, g_pose: F64) -> None:
    """Fill the gradient columns of the sixteen Gaussians in `s` from their records and totals."""
    p = to_camera(pose, get3(s, MEAN))
    j00, j02, j11, j12, u, v = jacobian(lens, p)
    r0, r1, r2 = row_of(pose, 0), row_of(pose, 1), row_of(pose, 2)
    g_t0, g_t1 = _ellipse_gradient(mix(j00, r0, j02, r2), mix(j11, r1, j12, r2), antialias, s)
    qa, qb, qc = get3(s, OUT + 2)
    gx, gy = qa * get(s, TOTAL + 1) + qb * get(s, TOTAL + 2), qb * get(s, TOTAL + 1) + qc * get(s, TOTAL + 2)
    put(s, G_MEAN2D, gx)
    put(s, G_MEAN2D + 1, gy)
    g_j = (dot(g_t0, r0), dot(g_t0, r2), dot(g_t1, r1), dot(g_t1, r2))
    gp = _point_gradient(lens, p, (u, v), (gx, gy), g_j, get(s, TOTAL + 9))
    put(s, G_LOGIT, get(s, TOTAL) / (1.0 + exp(get(s, LOGIT))))
    gv = _colour_gradient(degree, pose, s)
    back = mix(1.0, mix(gp[0], r0, gp[1], r1), gp[2], r2)
    put3(s, G_MEAN, mix(1.0, gv, 1.0, back))
    gr = (mix(j00, g_t0, 0.0, g_t0), mix(j11, g_t1, 0.0, g_t1), mix(j02, g_t0, j12, g_t1))
    _add_pose(s, pose, gp, gr, gv, g_pose)


@numba.njit(cache=True)
def _total(totals: F32, first: int, s: F32) -> bool:
    """Add sixteen rows of `totals` [parts, N, SUMS] over parts into columns; return False if all are 0."""
    any_nonzero = False
    for lane in range(min(LANES, totals.shape[1] - first)):
        for k in range(10):
            value = _ZERO
            for part in range(totals.shape[0]):
                value += totals[part, first + lane, k]
            s[(TOTAL + k) * LANES + lane] = value
            any_nonzero |= value != _ZERO
    return any_nonzero


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def project_gradient(
    means: F32, log_scales: F32, quats: F32, logits: F32, sh: F32, degree: int, pose: F64, lens: F64, antialias: bool,
    workers: int, records: F32, totals: F32, g_means: F32, g_scales: F32, g_quats: F32, g_logits: F32, g_sh: F32,
    g_mean2d: F32, g_pose: F64,
) -> None:  # fmt: skip
    """Fill all gradients from per-Gaussian `totals` [parts, N, SUMS], which are added over parts.

    `g_pose` is [workers, 3, 4]; the caller adds it over workers in order, so that the result is independent of timing.
    """
    n = means.shape[0]
    groups = (n + LANES - 1) // LANES
    for worker in numba.prange(workers):
        s = empty_aligned(BACKWARD_PLANES * LANES)
        s[:] = _ZERO
        for group in range(worker * groups // workers, (worker + 1) * groups // workers):
            first = group * LANES
            s[TOTAL * LANES : (TOTAL + SUMS) * LANES] = _ZERO
            if _total(totals, first, s):
                gather(first, means, log_scales, quats, logits, sh, degree, s)
                rows_to_columns(records, RECORD, first, s, OUT)
                _gradients(degree, pose, lens, antialias, s, g_pose[worker])
            else:
                s[G_MEAN * LANES : G_BASIS * LANES] = _ZERO
            columns_to_rows(s, G_MEAN, 3, first, g_means)
            columns_to_rows(s, G_SCALE, 3, first, g_scales)
            columns_to_rows(s, G_QUAT, 4, first, g_quats)
            columns_to_rows(s, G_LOGIT, 1, first, g_logits.reshape(-1, 1))
            columns_to_rows(s, G_MEAN2D, 2, first, g_mean2d)
            columns_to_rows(s, G_SH, 3 * sh.shape[1], first, g_sh.reshape(n, -1))
