"""The depth of a splat's front, as a numba kernel, and its twin in plain numpy.

A fit prices opacity, so rays pass through the front of the product and end at its back; the mean depth of the light
that they lose lies behind the surface, by 4 to 5% of the product's radius in the samples. Here only the light lost
first counts: the depth is the mean over the part of the opacity between `FROM` and `TO`.
"""

import numba
import numpy as np

from pipeline.core.arrays import F32, F64, I32, I64
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel
from pipeline.splatting.raster.projection import ALPHA_MIN, BLUR_ANTIALIASED_PX2, BLUR_PX2, NEAR
from pipeline.splatting.raster.tiles import TILE

FROM, TO = 0.1, 0.4
OPAQUE = 0.5  # accumulated opacity from which a pixel shows the product
_ALPHA_MAX = 0.99


@numba.njit(cache=True, fastmath=True, error_model="numpy", parallel=True)
def front(
    records: F32, pairs: I32, starts: I64, dealt: I32, bounds: I64, width: int, height: int, depth: F32
) -> None:  # fmt: skip
    """Fill `depth` [H, W], along the camera's axis; NaN where the opacity stays below `OPAQUE`."""
    tiles_x = (width + TILE - 1) // TILE
    for worker in numba.prange(bounds.size - 1):
        for t in range(bounds[worker], bounds[worker + 1]):
            tile = dealt[t]
            x0, y0 = (tile % tiles_x) * TILE, (tile // tiles_x) * TILE
            for y in range(y0, min(y0 + TILE, height)):
                for x in range(x0, min(x0 + TILE, width)):
                    listed = pairs[starts[tile] : starts[tile + 1]]
                    depth[y, x] = _front_of_pixel(records, listed, x + 0.5, y + 0.5)


@numba.njit(cache=True, fastmath=True, error_model="numpy")
def _front_of_pixel(records: F32, listed: I32, x: float, y: float) -> float:
    lost, total = 0.0, 0.0
    for i in listed:
        g = records[i]
        dx, dy = x - g[0], y - g[1]
        q = 0.5 * (g[2] * dx * dx + g[4] * dy * dy) + g[3] * dx * dy
        if q > g[10]:
            continue
        more = lost + (1.0 - lost) * min(g[5] * np.exp(-q), _ALPHA_MAX)
        total += max(0.0, min(more, TO) - max(lost, FROM)) * g[9]
        lost = more
        if lost >= OPAQUE:
            return total / (TO - FROM)
    return np.nan


def _projected(g: Gaussians, cam_from_world: F64, lens: F64) -> F64:
    """Return the axes of the Gaussians, px [N, 2, 3]."""
    fx, fy, _, _, _, _, x0, x1, y0, y1 = lens
    x, y, z = (g.means @ cam_from_world[:3, :3].T + cam_from_world[:3, 3]).T
    z = np.maximum(z, NEAR)
    u, v, zero = np.clip(x / z, x0, x1), np.clip(y / z, y0, y1), np.zeros_like(z)
    jacobian = np.stack([np.stack([fx / z, zero, -fx * u / z], -1), np.stack([zero, fy / z, -fy * v / z], -1)], -2)
    return np.asarray(jacobian @ cam_from_world[:3, :3] @ g.axes())


def _covariances(p: F64, antialias: bool) -> F64:
    return p @ p.transpose(0, 2, 1) + (BLUR_ANTIALIASED_PX2 if antialias else BLUR_PX2) * np.eye(2)


def front_reference(g: Gaussians, cam_from_world: F64, lens: F64, antialias: bool) -> F64:
    """Compute the same depth [H, W] in float64 on whole arrays: every Gaussian at every pixel, without bounds."""
    fx, fy, cx, cy, width, height = lens[:6]
    points = g.means @ cam_from_world[:3, :3].T + cam_from_world[:3, 3]
    order = np.argsort(points[:, 2], kind="stable")
    order = order[points[order, 2] > NEAR]
    x, y, z = points[order].T
    sorted_ = g.select(order)
    p = _projected(sorted_, cam_from_world, lens)
    blurred = _covariances(p, antialias)
    opacity = sorted_.opacities.astype(np.float64)
    if antialias:
        sharp = np.maximum(np.linalg.det(p @ p.transpose(0, 2, 1)), 0)
        opacity = opacity * np.sqrt(sharp / np.linalg.det(blurred))
    down, across = np.mgrid[0.5:height, 0.5:width]
    d = np.stack([across[..., None] - (fx * x / z + cx), down[..., None] - (fy * y / z + cy)], axis=-1)
    alpha = opacity * np.exp(-0.5 * np.einsum("hwni,nij,hwnj->hwn", d, np.linalg.inv(blurred), d))
    alpha = np.where(alpha >= ALPHA_MIN, np.minimum(alpha, _ALPHA_MAX), 0)
    lost = 1 - np.cumprod(1 - alpha, axis=-1)
    before = np.concatenate([np.zeros_like(lost[..., :1]), lost[..., :-1]], axis=-1)
    share = np.maximum(0, np.minimum(lost, TO) - np.maximum(before, FROM))
    return np.where(lost[..., -1] >= OPAQUE, share @ z / (TO - FROM), np.nan)
