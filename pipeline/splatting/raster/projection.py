"""Project 3D Gaussians into a picture (EWA splatting), as numba kernels.

A Gaussian with mean m, rotation Q and scales s becomes a 2D Gaussian with covariance `P P^T + blur I`, `P = J R Q
diag(s)`, J the Jacobian of the pinhole projection at m (Zwicker et al. 2001, "EWA Volume Splatting"; Kerbl et al.
2023). With `antialias`, opacity is multiplied by `sqrt(det(P P^T) / det(P P^T + blur I))` (Mip-Splatting, Yu et al.
2024), so that a Gaussian smaller than a pixel keeps its energy when a crop changes scale. Determinants come from the
cross product of P's rows (Cauchy-Binet), which stays exact for needles where `a c - b^2` cancels; that is what lets
all of it run in float32, sixteen Gaussians at a time (`columns`).
"""

from typing import Any

import numba
import numpy as np

from pipeline.core.arrays import F32, F64, I32
from pipeline.splatting.harmonics import basis
from pipeline.splatting.lanes import LANES, Lanes, broadcast, empty_aligned, exp, log, maximum, minimum, select, sqrt
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel
from pipeline.splatting.raster.columns import columns_to_rows, get, get3, put, put3, rows_to_columns

_ZERO = np.float32(0.0)
Vec3 = tuple[Any, Any, Any]  # of floats or Lanes

# Variance that a pixel adds to a Gaussian. 3DGS adds 0.3, which splats of other tools expect. A pixel itself, a square
# of side 1, has 1/12, and Mip-Splatting uses 0.1: at 0.3 nothing can be drawn as sharp as the photos.
BLUR_PX2, BLUR_ANTIALIASED_PX2 = 0.3, 0.1
NEAR = 0.05  # camera-space depth below which a Gaussian is not drawn, world units
ALPHA_MIN = 1.0 / 255.0
RECORD = 12  # x, y, conic a, b, c, opacity, r, g, b, depth, power cut, unused
SUMS = 16  # h, h dx, h dy, h dx2, h dxdy, h dy2, r, g, b, depth; then zeros: one vector
# Columns of sixteen Gaussians
MEAN, SCALE, QUAT, LOGIT, SH = 0, 3, 6, 10, 11
OUT, BOX = SH + 48, SH + 48 + RECORD
FORWARD_PLANES = BOX + 4


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def dot(a: Vec3, b: Vec3) -> Any:
    """Return the scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def mix(a: Any, u: Vec3, b: Any, v: Vec3) -> Vec3:
    """Return `a u + b v`."""
    return (a * u[0] + b * v[0], a * u[1] + b * v[1], a * u[2] + b * v[2])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def times(u: Vec3, v: Vec3) -> Vec3:
    """Return the elementwise product."""
    return (u[0] * v[0], u[1] * v[1], u[2] * v[2])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def cross(u: Vec3, v: Vec3) -> Vec3:
    """Return the vector product."""
    return (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def unit_quaternion(s: F32) -> tuple[Lanes, Lanes, Lanes, Lanes, Lanes]:
    """Return unit quaternions wxyz, and the inverse of their former length."""
    w, (x, y, z) = get(s, QUAT), get3(s, QUAT + 1)
    n = 1.0 / sqrt(maximum(w * w + x * x + y * y + z * z, 1e-24))
    return w * n, x * n, y * n, z * n, n


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def axes(w: Lanes, x: Lanes, y: Lanes, z: Lanes) -> tuple[Vec3, Vec3, Vec3]:
    """Return the columns of a unit quaternion's rotation matrix."""
    return (
        (1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + w * z), 2.0 * (x * z - w * y)),
        (2.0 * (x * y - w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + w * x)),
        (2.0 * (x * z + w * y), 2.0 * (y * z - w * x), 1.0 - 2.0 * (x * x + y * y)),
    )


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def scales(s: F32) -> Vec3:
    """Return scales, clamped to e^15, beyond which a Gaussian covers everything and its determinant overflows."""
    a, b, c = get3(s, SCALE)
    return exp(minimum(a, 15.0)), exp(minimum(b, 15.0)), exp(minimum(c, 15.0))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def row_of(pose: F64, i: int) -> tuple[float, float, float]:
    """Return a row of the rotation."""
    return (pose[i, 0], pose[i, 1], pose[i, 2])


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def to_camera(pose: F64, m: Vec3) -> Vec3:
    """Return camera coordinates; depth is clamped to NEAR, below which nothing is drawn."""
    x, y = dot(row_of(pose, 0), m) + pose[0, 3], dot(row_of(pose, 1), m) + pose[1, 3]
    return x, y, maximum(dot(row_of(pose, 2), m) + pose[2, 3], NEAR)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def jacobian(lens: F64, p: Vec3) -> tuple[Lanes, Lanes, Lanes, Lanes, Lanes, Lanes]:
    """Return the entries j00, j02, j11, j12 of the projection's Jacobian at camera point p, and bounded slopes u, v.

    Without bounds, the linear approximation explodes far outside the picture.
    """
    inverse = 1.0 / p[2]
    u = minimum(maximum(p[0] * inverse, lens[6]), lens[7])
    v = minimum(maximum(p[1] * inverse, lens[8]), lens[9])
    fx, fy = inverse * lens[0], inverse * lens[1]
    return fx, 0.0 - fx * u, fy, 0.0 - fy * v, u, v


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def view_direction(m: Vec3, pose: F64) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """Return the unit direction from the camera, at -R^T t, to the Gaussian, and the inverse distance."""
    t = (pose[0, 3], pose[1, 3], pose[2, 3])
    x, y, z = (
        m[0] + (pose[0, 0] * t[0] + pose[1, 0] * t[1] + pose[2, 0] * t[2]),
        m[1] + (pose[0, 1] * t[0] + pose[1, 1] * t[1] + pose[2, 1] * t[2]),
        m[2] + (pose[0, 2] * t[0] + pose[1, 2] * t[1] + pose[2, 2] * t[2]),
    )
    n = 1.0 / sqrt(maximum(x * x + y * y + z * z, 1e-24))
    return x * n, y * n, z * n, n


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def spread_ellipse(t0: Vec3, t1: Vec3, c: tuple[Vec3, Vec3, Vec3], size: Vec3) -> tuple[Vec3, Vec3, Vec3]:
    """Return rows p0, p1 of `P = T Q diag(size)`, and their vector product without cancellation between sizes."""
    u, v = (dot(t0, c[0]), dot(t0, c[1]), dot(t0, c[2])), (dot(t1, c[0]), dot(t1, c[1]), dot(t1, c[2]))
    pairs = (size[1] * size[2], size[2] * size[0], size[0] * size[1])
    return times(u, size), times(v, size), times(cross(u, v), pairs)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _colour(degree: int, m: Vec3, pose: F64, s: F32) -> None:
    x, y, z, _ = view_direction(m, pose)
    value = basis(x, y, z)
    for channel in range(3):
        total = broadcast(np.float32(0.5))
        for k in range((degree + 1) * (degree + 1)):
            total += value[k] * get(s, SH + 3 * k + channel)
        put(s, OUT + 6 + channel, maximum(total, 0.0))


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _footprint(middle: Lanes, reach: Lanes, size: float, drawn: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """Return the first and last + 1 pixel, of `size`, where alpha reaches 1/255; set `drawn`, 1 or 0, to 0 if none."""
    low, high = middle - reach - 0.5, middle + reach + 1.5  # truncated to integers later
    drawn = select(size <= low, broadcast(_ZERO), select(high <= 1.0, broadcast(_ZERO), drawn))
    return maximum(low, 0.0), minimum(high, size), drawn


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _geometry(pose: F64, lens: F64, antialias: bool, s: F32) -> None:
    """Compute boxes and records (except colour) of the sixteen Gaussians in `s`."""
    m = get3(s, MEAN)
    p = to_camera(pose, m)
    j00, j02, j11, j12, _, _ = jacobian(lens, p)
    t0, t1 = mix(j00, row_of(pose, 0), j02, row_of(pose, 2)), mix(j11, row_of(pose, 1), j12, row_of(pose, 2))
    w, x, y, z, _ = unit_quaternion(s)
    p0, p1, n = spread_ellipse(t0, t1, axes(w, x, y, z), scales(s))
    a, b, c, det0 = dot(p0, p0), dot(p0, p1), dot(p1, p1), dot(n, n)
    blur = BLUR_ANTIALIASED_PX2 if antialias else BLUR_PX2
    det = det0 + blur * (a + c) + blur * blur
    opacity = 1.0 / (1.0 + exp(0.0 - get(s, LOGIT)))
    if antialias:
        opacity = opacity * sqrt(det0 / det)
    zero, one = broadcast(_ZERO), broadcast(np.float32(1.0))
    drawn = select(p[2] <= NEAR, zero, select(opacity <= ALPHA_MIN, zero, one))
    x, y = p[0] / p[2] * lens[0] + lens[2], p[1] / p[2] * lens[1] + lens[3]
    power = log(maximum(opacity * (1.0 / ALPHA_MIN), 1.0))
    x0, x1, drawn = _footprint(x, sqrt(2.0 * power * (a + blur)), lens[4], drawn)
    y0, y1, drawn = _footprint(y, sqrt(2.0 * power * (c + blur)), lens[5], drawn)
    put3(s, BOX, (x0 * drawn, y0 * drawn, x1 * drawn))
    put(s, BOX + 3, y1 * drawn)
    put(s, OUT, x)
    put(s, OUT + 1, y)
    put3(s, OUT + 2, ((c + blur) / det, (0.0 - b) / det, (a + blur) / det))
    put(s, OUT + 5, opacity)
    put(s, OUT + 9, p[2])
    put(s, OUT + 10, power)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def gather(first: int, means: F32, log_scales: F32, quats: F32, logits: F32, sh: F32, degree: int, s: F32) -> None:
    """Load sixteen Gaussians, from `first` on, into the columns of `s`."""
    rows_to_columns(means, 3, first, s, MEAN)
    rows_to_columns(log_scales, 3, first, s, SCALE)
    rows_to_columns(quats, 4, first, s, QUAT)
    rows_to_columns(logits.reshape(-1, 1), 1, first, s, LOGIT)
    rows_to_columns(sh.reshape(sh.shape[0], -1), 3 * (degree + 1) * (degree + 1), first, s, SH)


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def project(
    means: F32, log_scales: F32, quats: F32, logits: F32, sh: F32, degree: int, pose: F64, lens: F64, antialias: bool,
    workers: int, records: F32, boxes: I32,
) -> None:  # fmt: skip
    """Fill `records` [N, 12] and pixel `boxes` [N, 4] (empty: not drawn) of N Gaussians.

    `pose` [3, 4] is cam_from_world, `lens` [10] is that of `lens_of`, `sh` is [N, K, 3].
    """
    groups = (means.shape[0] + LANES - 1) // LANES
    for worker in numba.prange(workers):
        s = empty_aligned(FORWARD_PLANES * LANES)
        s[:] = _ZERO
        for group in range(worker * groups // workers, (worker + 1) * groups // workers):
            first = group * LANES
            gather(first, means, log_scales, quats, logits, sh, degree, s)
            _geometry(pose, lens, antialias, s)
            _colour(degree, get3(s, MEAN), pose, s)
            columns_to_rows(s, OUT, RECORD, first, records)
            columns_to_rows(s, BOX, 4, first, boxes)
