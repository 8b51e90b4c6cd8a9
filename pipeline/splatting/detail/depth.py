"""Where the product's surface begins in a splat, pixel by pixel.

Opacity is priced during a fit, so rays see through the front: the mean depth of the Gaussians along a ray lies 5 to 8%
of the product's radius behind the surface. The depth at which a ray has lost a fifth of its light lies within 1%.
"""

from typing import Any

import cv2
import numba
import numpy as np
from scipy import ndimage

from pipeline.core.arrays import F32, F64, I64
from pipeline.core.domain import Camera
from pipeline.splatting.lens import lens_of, pose_of
from pipeline.splatting.ply import Splat
from pipeline.splatting.raster import threads  # noqa: F401   before the first kernel
from pipeline.splatting.raster.kernels import ALPHA_MAX
from pipeline.splatting.raster.projection import ALPHA_MIN
from pipeline.splatting.raster.rasterize import draw_values
from pipeline.splatting.raster.tiles import TILE

_LEFT = 0.8  # share of the light that is left where the surface begins
_OPAQUE = 0.5  # a ray that keeps more of its light than this passes beside the product
_MEDIAN_PX = 5


def front_depth(splat: Splat, camera: Camera, cam_from_world: F64) -> F32:
    """Depth [h, w] along the camera's axis, world units, at which a ray has lost a fifth of its light.

    NaN beside the product. Raises BadInput as `lens_of` and `pose_of` do.
    """
    g = splat.gaussians
    values = (g.means, g.log_scales, g.quats, g.logits, g.sh)
    d = draw_values(values, pose_of(cam_from_world), lens_of(camera), g.degree, splat.antialias)
    out = np.full((camera.height_px, camera.width_px), np.nan, np.float32)
    _fronts(d.records, d.pairs, d.starts, out)
    return out


def without_gaps(depth: F32) -> F32:
    """Continue depth [h, w] beyond the product, where it is NaN, from the nearest pixel; smooth out single pixels.

    A picture without the product has a depth of 1 everywhere.
    """
    beside = ~np.isfinite(depth)
    if beside.all():
        return np.ones_like(depth)
    nearest = ndimage.distance_transform_edt(beside, return_distances=False, return_indices=True)
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(depth[tuple(nearest)]), _MEDIAN_PX), np.float32)


@numba.njit(cache=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")
def _fronts(records: F32, pairs: Any, starts: I64, out: F32) -> None:
    """Fill `out` [h, w], of NaN, from the Gaussians of each tile, near to far."""
    height, width = out.shape
    across = (width + TILE - 1) // TILE
    for y in range(height):
        for x in range(width):
            tile = (y // TILE) * across + x // TILE
            left, front = np.float32(1.0), np.float32(np.nan)
            for k in range(starts[tile], starts[tile + 1]):
                g = records[pairs[k]]
                dx, dy = x + np.float32(0.5) - g[0], y + np.float32(0.5) - g[1]
                q = np.float32(0.5) * (g[2] * dx * dx + g[4] * dy * dy) + g[3] * dx * dy
                alpha = min(ALPHA_MAX, g[5] * np.exp(-q))
                if alpha < ALPHA_MIN:
                    continue
                after = left * (np.float32(1.0) - alpha)
                if after <= _LEFT < left:
                    front = g[9]
                left = after
                if left < _OPAQUE:
                    out[y, x] = front
                    break
